"""Requirement lines of pip: only what pip takes in a file of requirements is written into a package.

A requirement is a name with extras, versions and a marker, or ``name @ URL``, each also with hashes. A user may also
give requirements without a name (URLs, archives and folders) and the options of such files (``--index-url``): they are
kept as they are, and nothing is known of the distributions that they bring. Shell text and anything else is refused,
because servers hand these lines to pip. Of a package from elsewhere, options and lines without a name are not followed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlparse

from fitprint._core.privacy import in_force

if TYPE_CHECKING:
    from packaging.requirements import Requirement

LARGEST_FILE = 1_000_000
LONGEST_LINE = 2_000
DEEPEST = 10
SCHEMES = ("https", "file", "git+https", "git+ssh")

_FILE = re.compile(r"(-r|--requirement|-c|--constraint)[ =]\s*(\S.*)|(-r|-c)(\S.*)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_VERSION = r"\s*(?:==|>=|<=|~=|!=|<|>)\s*\d+(?:\.\d+)*(?:(?:a|b|rc|\.post|\.dev)\d+)?\s*"
_SIMPLE = re.compile(rf"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*({_VERSION}(?:,{_VERSION})*)?")
_WITHOUT_NAME = re.compile(r"[a-z+]+://|[./~]|\w:\\|\S+\.(?:whl|zip|tar\.gz|tar\.bz2|tgz)$", re.IGNORECASE)
_PLAIN = r"[^\s\"'`$|<>]+"
"""What is neither several words nor text for a shell."""
_PATH = re.compile(rf"{_PLAIN}(?:\[[\w,-]+\])?")
_OPTION = re.compile(
    r"--(?:no-index|pre|prefer-binary|require-hashes)"
    r"|(?:--(?:index-url|extra-index-url|find-links|editable|trusted-host|no-binary|only-binary)[ =]\s*|-[ife]\s*)"
    + _PLAIN
)
_HASHES = re.compile(r"(.*?)((?:\s+--hash[ =]\w+:[0-9a-fA-F]+)+)")


@dataclass
class Lines:
    """What was read: requirements, and the constraints on what these bring."""

    requirements: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)


class Line(NamedTuple):
    """A line without its comment. `file` is the kind and the path if the line names a file of lines."""

    text: str
    file: tuple[str, str] | None


def read(lines_or_file: Iterable[str] | str | os.PathLike[str]) -> Lines:
    """Read lines, or the file of a path. The files that ``-r`` and ``-c`` name are read in their place.

    Args:
        lines_or_file: The lines, or the path of a file.

    Raises:
        ValueError: A line is not a requirement; the message says where it is and how to correct it.
        TypeError: Neither lines nor a path are given.
        OSError: A file cannot be read.
    """
    lines = Lines()
    if isinstance(lines_or_file, (str, os.PathLike)):
        if not os.path.exists(lines_or_file):
            raise FileNotFoundError(
                f"there is no file {os.fspath(lines_or_file)!r}; give requirements as a list, such as ['numpy>=2']"
            )
        _read_file(Path(lines_or_file), False, lines, ())
        return lines
    texts = list(lines_or_file)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"a requirement is a string such as 'numpy>=2', not {type(text).__name__}: {text!r:.80}")
    _read_text("\n".join(texts), Path(), "the requirements given", False, lines, ())
    return lines


def merged(lines: Iterable[str]) -> list[str]:
    """Merge the lines of each distribution, in the order of the first lines.

    ``pandas>1`` and ``pandas[x]<9`` become ``pandas[x]<9,>1``. Lines with different markers stay apart, and those
    without a name stay as they are.

    Raises:
        ValueError: A distribution has two URLs, or a URL and versions, or versions that no release can fit.
    """
    requirements: dict[tuple[str, str], Requirement] = {}
    texts: dict[tuple[str, str], str] = {}
    hashes: dict[tuple[str, str], str] = {}
    for line in lines:
        if is_nameless(line):
            texts[line, ""] = line
            continue
        new = parsed(line)
        key = (normal_name(new.name), str(new.marker or ""))
        old = requirements.get(key)
        bare, hashes_of_line = _without_hashes(line)
        texts[key] = bare if old is None else _joined(old, new)
        hashes[key] = hashes.get(key) or hashes_of_line
        requirements[key] = new if old is None else parsed(texts[key])
    return [text + hashes.get(key, "") for key, text in texts.items()]


def is_nameless(line: str) -> bool:
    """Return whether a line is one of those without a name that pip takes: an option, a URL, an archive or a folder."""
    if len(line) > LONGEST_LINE:
        return False
    if _OPTION.fullmatch(line):
        return True
    if not _WITHOUT_NAME.match(line):
        return False
    if "://" not in line:
        return _PATH.fullmatch(line) is not None
    try:
        parsed(f"nameless @ {line}")  # which may have a marker
    except ValueError:
        return False
    return True


def is_pinned_by_hash(line: str) -> bool:
    """Return whether a line says which files it may be installed from, by their hashes."""
    return bool(_without_hashes(line)[1])


def without_hashes(line: str) -> str:
    """Return a line without the hashes of the files that it may be installed from."""
    return _without_hashes(line)[0]


def name_of(line: str) -> str:
    """Return the normalized name of a requirement's distribution: lower case, with hyphens; empty if it has no name."""
    return "" if is_nameless(line) else normal_name(parsed(line).name)


def normal_name(name: str) -> str:
    """Return the name by which package indexes know a distribution."""
    return re.sub(r"[-_.]+", "-", name).lower()


def simple(line: str) -> tuple[str, str] | None:
    """Return name and versions of a line that has nothing else, as nearly all have; else None.

    This avoids the parser, which takes 35 ms to import.
    """
    match = _SIMPLE.fullmatch(line) if len(line) <= LONGEST_LINE else None
    return (match[1], match[2] or "") if match else None


def parsed(line: str) -> Requirement:
    """Parse one line as a requirement, without its hashes.

    Raises:
        ValueError: It is not one; the message says what is wrong and how to correct it.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    line, _ = _without_hashes(line)
    if len(line) > LONGEST_LINE:
        raise ValueError(f"{printable(line)} is not a requirement: it is longer than {LONGEST_LINE:,} characters")
    try:
        requirement = Requirement(line)
    except InvalidRequirement as error:
        raise ValueError(f"{printable(line)} is not a requirement: {_mend(line, error)}") from None
    if requirement.url is not None and urlparse(requirement.url).scheme not in SCHEMES:
        raise ValueError(f"{printable(line)} is not a requirement: its URL must start with {', '.join(SCHEMES)}")
    return requirement


def logical_lines(text: str) -> Iterator[Line]:
    """Yield the lines of a file of requirements, without comments and blank lines.

    Lines that end in a backslash are joined with the next one.
    """
    joined = re.sub(r"\\\r?\n", "", text)
    for line in re.split(r"[\r\n]+", joined):
        bare = _COMMENT.sub("", line).strip()
        if bare:
            yield Line(bare, _named_file(bare))


def printable(text: str) -> str:
    """Return a line for a message: short, and without secrets and control characters."""
    text = in_force().text(text)
    short = text if len(text) <= 80 else f"{text[:77]}..."
    return repr(short)


def _named_file(line: str) -> tuple[str, str] | None:
    match = _FILE.fullmatch(line)
    if match is None:
        return None
    option, path, short, short_path = match.groups()
    return ("-c" if (option or short) in ("-c", "--constraint") else "-r"), (path or short_path)


def _read_file(path: Path, constrains: bool, lines: Lines, outer: tuple[Path, ...]) -> None:
    whole = Path(os.path.abspath(path))
    if whole in outer or len(outer) >= DEEPEST:
        raise ValueError(f"{path} names itself, or is nested {DEEPEST} files deep: write its lines in one file")
    if whole.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path} is not a file of requirements: it has more than {LARGEST_FILE:,} bytes")
    try:
        text = whole.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a file of requirements: it is not UTF-8") from None
    _read_text(text, whole.parent, str(path), constrains, lines, (*outer, whole))


def _read_text(text: str, folder: Path, where: str, constrains: bool, lines: Lines, outer: tuple[Path, ...]) -> None:
    for line in logical_lines(text):
        if line.file is not None:
            kind, path = line.file
            if "://" in path:
                raise ValueError(f"{where}: {printable(line.text)} is not read: it may name a file, but not a URL")
            _read_file(folder / path, constrains or kind == "-c", lines, outer)
            continue
        try:
            if constrains or not is_nameless(line.text):
                parsed(line.text)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        (lines.constraints if constrains else lines.requirements).append(line.text)


def _without_hashes(line: str) -> tuple[str, str]:
    """Return a line without its hashes, and these with the space before them."""
    match = _HASHES.fullmatch(line)
    return (match[1], match[2]) if match else (line, "")


def _joined(first: Requirement, second: Requirement) -> str:
    """Return two requirements of one distribution and marker as one line."""
    if first.url != second.url:
        raise ValueError(
            f"{printable(str(first))} and {printable(str(second))} contradict each other: keep one of them"
        )
    versions = first.specifier & second.specifier
    pins = [
        specifier.version
        for specifier in versions
        if specifier.operator == "==" and not specifier.version.endswith(".*")
    ]
    if not all(versions.contains(specifier, prereleases=True) for specifier in pins):
        raise ValueError(
            f"{printable(str(first))} and {printable(str(second))} contradict each other: no version fits both"
        )
    extras = ",".join(sorted(first.extras | second.extras))
    url = f" @ {first.url}" if first.url else ""
    marker = f"{' ' if url else ''}; {first.marker}" if first.marker else ""
    return f"{first.name}{f'[{extras}]' if extras else ''}{versions}{url}{marker}"


def _mend(line: str, error: Exception) -> str:
    if line.startswith("-"):
        return "it is not one of the options that pip takes in a file of requirements, such as --index-url URL"
    if " --hash" in line:
        return "write each hash as --hash=sha256:<hexadecimal digits>"
    if _WITHOUT_NAME.match(line):
        return f"give a path without spaces, or a URL that starts with {', '.join(SCHEMES)}"
    reason = str(error).strip().partition("\n")[0]
    return f"give a name and versions, such as 'numpy>=2,<3' ({reason})"
