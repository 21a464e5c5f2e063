"""Holding a package against its ``checksums.json``: which files are as they were written, and which may not be others.

Whoever can write into the folder can write another ``checksums.json`` too. What vouches for the whole is the SHA-256
of that file itself, the digest, where it is kept elsewhere.
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
from fitprint.models.package import CHECKSUMS, is_plain_name
from fitprint.models.streams.files import open_plainly

LARGEST = 10_000_000
MATCHES, CHANGED, UNLISTED, MISSING = "matches", "mismatch", "unlisted", "missing"
NOT_READ, OUTSIDE = "not read", "leads outside"
_ALWAYS_NAMED = frozenset({NAME, "requirements.txt", "constraints.txt", "conda.yaml", "python_env.yaml"})
_PROBLEMS: Mapping[str | None, str] = {
    CHANGED: f"it is not what {CHECKSUMS} lists",
    MISSING: "it is missing",
    OUTSIDE: f"{CHECKSUMS} lists it, and it leads outside of the package",
    NOT_READ: "it is a link, or no plain file",
}
_COMPILED = "it is compiled code that was made later and runs in place of its source: remove it"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class CheckedFile:
    """A file of a package, and what the checksums say of it; None where there are none."""

    name: str
    size: int | None
    check: str | None
    problem: str | None = None
    """Why the package does not verify because of it."""


@dataclass(frozen=True)
class Verification:
    """What a whole package is worth."""

    digest: str
    """The SHA-256 of ``checksums.json``."""
    files: list[CheckedFile]
    problems: list[str]
    """Why it does not verify; empty where it does."""


def verify(folder: Path, document: Mapping[str, Any], digest: str | None = None) -> Verification:
    """Reads and hashes every file of a package.

    Raises PackageError for a package without checksums, or with broken ones; ValueError for what can be no digest.
    """
    wanted = read_digest(digest) if digest is not None else None
    content = _content(folder)
    if content is None:
        raise PackageError(f"{folder} has no {CHECKSUMS} to verify it by: packages that MLflow wrote have none")
    found = hashlib.sha256(content).hexdigest()
    code, named = code_folders(document), named_paths(document)
    checked = _all_checked(folder, content)
    files = [replace(each, problem=_problem(each, code, named)) for each in checked]
    problems = [f"{each.name}: {each.problem}" for each in files if each.problem]
    if wanted is not None and found != wanted:
        problems.insert(0, f"{CHECKSUMS}: its SHA-256 is {found}, not the digest given")
    return Verification(found, files, problems)


def checked_files(folder: Path) -> list[CheckedFile]:
    """The files of a package with what the checksums say of each. Raises PackageError for broken checksums."""
    return _all_checked(folder, _content(folder))


def files(folder: Path) -> Iterator[tuple[str, int, bool]]:
    """(name, size, whether it is a plain file) for all below a folder, in order; links are not followed."""

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
    """A SHA-256 as hex digits. Raises ValueError for anything else."""
    found = text.strip().lower().removeprefix("sha256:")
    if not _SHA256.fullmatch(found):
        raise ValueError(f"{text[:100]!r} is no digest: it is the SHA-256 of {CHECKSUMS}, 64 hex digits")
    return found


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
        return _COMPILED if compiled else f"it lies where code is imported from, and {CHECKSUMS} does not list it"
    if file.name in _ALWAYS_NAMED or is_named(file.name, named):
        return f"{NAME} names it, and {CHECKSUMS} does not list it"
    return None


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with open(path, "rb", opener=open_plainly) as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def _content(folder: Path) -> bytes | None:
    """The bytes of the checksums; None where there are none. Raises PackageError for what is no such file."""
    path = folder / CHECKSUMS
    try:
        with open(path, "rb", opener=open_plainly) as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PackageError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise PackageError(f"{path} has more than {LARGEST:,} bytes: no such file is that large")
    return content


def _listed(folder: Path, content: bytes) -> dict[str, str]:
    """From the names of files to their checksums."""

    def pairs_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name stands twice")
        return found

    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=pairs_once)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise PackageError(f"{folder / CHECKSUMS} is broken: no JSON object of names and checksums")
    for name, each in found.items():
        if not isinstance(each, str) or not _SHA256.fullmatch(each):
            raise PackageError(f"{folder / CHECKSUMS} is broken: what it lists for {name[:200]!r} is no SHA-256")
    return found
