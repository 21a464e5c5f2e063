"""Requirement lines of pip: only those that parse as such are taken, whether written into a package or read from one.

Each is a name with extras, versions and a marker, or ``name @ URL``. Options (``--index-url``), paths, bare URLs and
shell text are none: servers hand these lines to pip.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlparse

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
_WITHOUT_NAME = re.compile(r"[a-z+]+://|[./~]|\w:\\", re.IGNORECASE)


@dataclass
class Lines:
    """What was read: requirements, and the constraints on what they bring."""

    requirements: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)


class Line(NamedTuple):
    """A line without its comment; `file` is the kind and the path where it names a file of lines."""

    text: str
    file: tuple[str, str] | None


def read(given: Iterable[str] | str | os.PathLike[str]) -> Lines:
    """Reads lines, or the file of a path. The files that ``-r`` and ``-c`` name are read in their place.

    Raises ValueError for a line that is no requirement, saying where it stands and how to mend it, TypeError for
    what is neither lines nor a path, and OSError for a file that cannot be read.
    """
    found = Lines()
    if isinstance(given, (str, os.PathLike)):
        if not os.path.exists(given):
            raise FileNotFoundError(f"no file {os.fspath(given)!r}; requirements are given as a list, ['numpy>=2']")
        _read_file(Path(given), False, found, ())
        return found
    texts = list(given)
    for each in texts:
        if not isinstance(each, str):
            raise TypeError(f"a requirement is text such as 'numpy>=2', not {type(each).__name__}: {each!r:.80}")
    _read_text("\n".join(texts), Path(), "the requirements given", False, found, ())
    return found


def merged(lines: Iterable[str]) -> list[str]:
    """Each distribution once, in the order of the first lines: ``pandas>1``, ``pandas[x]<9`` is ``pandas[x]<9,>1``.

    Lines with different markers stay apart. Raises ValueError for two URLs, or a URL and versions, of one distribution.
    """
    found: dict[tuple[str, str], Requirement] = {}
    texts: dict[tuple[str, str], str] = {}
    for line in lines:
        new = parsed(line)
        key = (normal_name(new.name), str(new.marker or ""))
        old = found.get(key)
        texts[key] = line if old is None else _joined(old, new)
        found[key] = new if old is None else parsed(texts[key])
    return list(texts.values())


def name_of(line: str) -> str:
    """The normalized name of a requirement's distribution: lower case, with hyphens. Raises ValueError for no line."""
    return normal_name(parsed(line).name)


def normal_name(name: str) -> str:
    """The name by which package indexes know a distribution."""
    return re.sub(r"[-_.]+", "-", name).lower()


def simple(line: str) -> tuple[str, str] | None:
    """Name and versions of a line that has nothing else, as nearly all have: without the parser, which takes 35 ms."""
    found = _SIMPLE.fullmatch(line) if len(line) <= LONGEST_LINE else None
    return (found[1], found[2] or "") if found else None


def parsed(line: str) -> Requirement:
    """One line as a requirement. Raises ValueError saying what is wrong with it, and how to mend it."""
    from packaging.requirements import InvalidRequirement, Requirement

    if len(line) > LONGEST_LINE:
        raise ValueError(f"{shown(line)} is no requirement: it is longer than {LONGEST_LINE:,} characters")
    try:
        found = Requirement(line)
    except InvalidRequirement as error:
        raise ValueError(f"{shown(line)} is no requirement: {_mend(line, error)}") from None
    if found.url is not None and urlparse(found.url).scheme not in SCHEMES:
        raise ValueError(f"{shown(line)} is no requirement: its URL must start with {', '.join(SCHEMES)}")
    return found


def logical_lines(text: str) -> Iterator[Line]:
    """The lines of a file of requirements: joined where a backslash ends them, without comments and blank ones."""
    joined = re.sub(r"\\\r?\n", "", text)
    for line in re.split(r"[\r\n]+", joined):
        bare = _COMMENT.sub("", line).strip()
        if bare:
            yield Line(bare, _named_file(bare))


def shown(text: str) -> str:
    """A line for a message: short, and without what would steer a terminal."""
    short = text if len(text) <= 80 else f"{text[:77]}..."
    return repr(short)


def _named_file(line: str) -> tuple[str, str] | None:
    match = _FILE.fullmatch(line)
    if match is None:
        return None
    option, path, short, short_path = match.groups()
    return ("-c" if (option or short) in ("-c", "--constraint") else "-r"), (path or short_path)


def _read_file(path: Path, constrains: bool, found: Lines, outer: tuple[Path, ...]) -> None:
    whole = Path(os.path.abspath(path))
    if whole in outer or len(outer) >= DEEPEST:
        raise ValueError(f"{path} is read from within itself, or {DEEPEST} files deep: write its lines in one file")
    if whole.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path} is no file of requirements: it has more than {LARGEST_FILE:,} bytes")
    try:
        text = whole.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no file of requirements: it is not UTF-8") from None
    _read_text(text, whole.parent, str(path), constrains, found, (*outer, whole))


def _read_text(text: str, folder: Path, where: str, constrains: bool, found: Lines, outer: tuple[Path, ...]) -> None:
    for line in logical_lines(text):
        if line.file is not None:
            kind, path = line.file
            if "://" in path:
                raise ValueError(f"{where}: {shown(line.text)} is not read: only files are, no URLs")
            _read_file(folder / path, constrains or kind == "-c", found, outer)
            continue
        try:
            parsed(line.text)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        (found.constraints if constrains else found.requirements).append(line.text)


def _joined(one: Requirement, other: Requirement) -> str:
    """Two requirements of one distribution and marker as one line."""
    if one.url != other.url:
        raise ValueError(f"{shown(str(one))} and {shown(str(other))} contradict each other: keep one of them")
    versions = one.specifier & other.specifier
    pins = [each.version for each in versions if each.operator == "==" and not each.version.endswith(".*")]
    if not all(versions.contains(each, prereleases=True) for each in pins):
        raise ValueError(f"{shown(str(one))} and {shown(str(other))} contradict each other: no version fits both")
    extras = ",".join(sorted(one.extras | other.extras))
    url = f" @ {one.url}" if one.url else ""
    marker = f"{' ' if url else ''}; {one.marker}" if one.marker else ""
    return f"{one.name}{f'[{extras}]' if extras else ''}{versions}{url}{marker}"


def _mend(line: str, error: Exception) -> str:
    if line.startswith("-"):
        return "options of pip have no place in a package; whoever installs it sets them (in pip's own settings)"
    if " --hash" in line:
        return "leave out its --hash options"
    if _WITHOUT_NAME.match(line):
        return "give its name first, as in 'name @ https://...' or 'name @ file:///...'"
    reason = str(error).strip().partition("\n")[0]
    return f"give a name and versions, such as 'numpy>=2,<3' ({reason})"
