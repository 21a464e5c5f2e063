"""Comparing a package with its ``checksums.json``: which files are as they were written, and which may not differ.

Whoever can write into the folder can also write another ``checksums.json``. What vouches for the whole package is the
SHA-256 of that file itself, the digest, if it is kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fitprint.models.errors import PackageError
from fitprint.models.mlmodel import NAME
from fitprint.models.named_files import code_folders, is_named, named_paths
from fitprint.models.package import CHECKSUMS
from fitprint.models.package_paths import is_plain_name
from fitprint.models.streams.files import open_plainly

LARGEST = 10_000_000
MATCHES, CHANGED, UNLISTED, MISSING = "matches", "mismatch", "unlisted", "missing"
NOT_READ, OUTSIDE = "not read", "leads outside"
_ALWAYS_NAMED = frozenset({NAME, "requirements.txt", "constraints.txt", "conda.yaml", "python_env.yaml"})
_PROBLEMS: Mapping[str | None, str] = {
    CHANGED: f"it is not what {CHECKSUMS} lists",
    MISSING: "it is missing",
    OUTSIDE: f"{CHECKSUMS} lists it, but it leads outside of the package",
    NOT_READ: "it is a link, or not a regular file",
}
_COMPILED = "it is compiled code that was written later and would run in place of its source: remove it"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class CheckedFile:
    """A file of a package, and the result of comparing it with the checksums; None if there are no checksums."""

    name: str
    size: int | None
    check: str | None
    problem: str | None = None
    """Why the package does not verify because of this file."""


@dataclass(frozen=True)
class Verification:
    """The result of verifying a whole package."""

    digest: str
    """The SHA-256 of ``checksums.json``."""
    files: list[CheckedFile]
    problems: list[str]
    """Why it does not verify; empty where it does."""


def verify(folder: Path, document: Mapping[str, Any], digest: str | None = None) -> Verification:
    """Read and hash every file of a package.

    Args:
        folder: The folder of the package.
        document: Its MLmodel document.
        digest: The SHA-256 that ``checksums.json`` must have.

    Returns:
        What was found; the package verifies if there are no problems.

    Raises:
        PackageError: The package has no checksums, or broken ones.
        ValueError: ``digest`` is not a SHA-256.
    """
    expected = read_digest(digest) if digest is not None else None
    content = _content(folder)
    if content is None:
        raise PackageError(
            f"{folder} has no {CHECKSUMS}, so it cannot be verified: packages that MLflow wrote have none"
        )
    actual = hashlib.sha256(content).hexdigest()
    code, named = code_folders(document), named_paths(document)
    checked = _all_checked(folder, content)
    files = [replace(file, problem=_problem(file, code, named)) for file in checked]
    problems = [f"{file.name}: {file.problem}" for file in files if file.problem]
    if expected is not None and actual != expected:
        problems.insert(0, f"{CHECKSUMS}: its SHA-256 is {actual}, not the digest given")
    return Verification(actual, files, problems)


def checked_files(folder: Path) -> list[CheckedFile]:
    """Return the files of a package with the result of comparing each with the checksums.

    Raises:
        PackageError: The checksums are broken.
    """
    return _all_checked(folder, _content(folder))


def files(folder: Path) -> Iterator[tuple[str, int, bool]]:
    """Yield (name, size, whether it is a regular file) of everything below a folder, in order.

    Links are not followed.
    """

    def refuse(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=refuse):
        linked = [name for name in folders if os.path.islink(os.path.join(place, name))]
        folders.sort()
        for name in sorted([*names, *linked]):
            path = Path(place, name)
            about = path.lstat()
            yield path.relative_to(folder).as_posix(), about.st_size, stat.S_ISREG(about.st_mode)


def read_digest(text: str) -> str:
    """Read a SHA-256 in hex digits.

    Raises:
        ValueError: It is anything else.
    """
    digest = text.strip().lower().removeprefix("sha256:")
    if not _SHA256.fullmatch(digest):
        raise ValueError(f"{text[:100]!r} is not a digest: it is the SHA-256 of {CHECKSUMS}, 64 hex digits")
    return digest


def _all_checked(folder: Path, content: bytes | None) -> list[CheckedFile]:
    listed = None if content is None else _listed(folder, content)
    try:
        return list(_checked(folder, listed))
    except OSError as error:
        raise PackageError(f"{error.filename}: {error.strerror}") from None


def _checked(folder: Path, listed: Mapping[str, str] | None) -> Iterator[CheckedFile]:
    there = set()
    for name, size, plain in files(folder):
        there.add(name)
        yield CheckedFile(name, size, _check(folder / name, name, plain, listed))
    for name in sorted({*(listed or ())} - there):
        yield CheckedFile(name, None, MISSING if is_plain_name(name) else OUTSIDE)


def _check(path: Path, name: str, plain: bool, listed: Mapping[str, str] | None) -> str | None:
    if listed is None or name == CHECKSUMS:
        return None
    if not plain:
        return NOT_READ  # a link may lead anywhere, and a pipe has no end
    if name not in listed:
        return UNLISTED
    return MATCHES if _sha256(path) == listed[name] else CHANGED


def _problem(file: CheckedFile, code: set[str], named: set[str]) -> str | None:
    if file.check != UNLISTED:
        return _PROBLEMS.get(file.check)
    if is_named(file.name, code):
        compiled = file.name.endswith((".pyc", ".pyo"))
        return _COMPILED if compiled else f"it lies where code is imported from, but {CHECKSUMS} does not list it"
    if file.name in _ALWAYS_NAMED or is_named(file.name, named):
        return f"{NAME} names it, but {CHECKSUMS} does not list it"
    return None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", opener=open_plainly) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _content(folder: Path) -> bytes | None:
    """Return the content of the checksums, or None if there are none; raise PackageError if they cannot be read."""
    path = folder / CHECKSUMS
    try:
        with open(path, "rb", opener=open_plainly) as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PackageError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise PackageError(f"{path} has more than {LARGEST:,} bytes, more than such a file may have")
    return content


def _listed(folder: Path, content: bytes) -> dict[str, str]:
    """Return the names of the files and their checksums."""

    def pairs_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        checksums = dict(pairs)
        if len(checksums) < len(pairs):
            raise ValueError("a name is listed twice")
        return checksums

    try:
        checksums = json.loads(content.decode("utf-8"), object_pairs_hook=pairs_once)
    except (ValueError, RecursionError):
        checksums = None
    if not isinstance(checksums, dict):
        raise PackageError(f"{folder / CHECKSUMS} is broken: it is not a JSON object of names and checksums")
    for name, checksum in checksums.items():
        if not isinstance(checksum, str) or not _SHA256.fullmatch(checksum):
            raise PackageError(f"{folder / CHECKSUMS} is broken: the entry of {name[:200]!r} is not a SHA-256")
    return checksums
