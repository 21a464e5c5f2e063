"""The files of a package that are, hold or compress pickles, or that list types to load, with what each names."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import zipfile
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitprint.models.streams import archives
from fitprint.models.streams.limits import BROKEN_ARCHIVES, MOST_DEPTH, BrokenStream, Budget, problem_of
from fitprint.models.streams.names import Named, StreamNames, names_of

SUFFIXES = (".pkl", ".pickle", ".joblib", ".dill")
SCHEMA = "schema.json"
"""The file in a zip file that lists the types which a format without pickles loads."""

LARGEST_SCHEMA = 10_000_000
LARGEST_INNER_ZIP = 50_000_000
"""In bytes: a zip file inside of another file has to be in memory."""

_COST_OF_JSON = 29
"""How much of the budget a byte of JSON takes, beside itself: in memory it becomes as many bytes."""

_PEEKED = 6
_LZ4 = b"\x04\x22\x4d\x18"
_BZIP2 = b"BZh"
_ALTERED = 0x1 | 0x20 | 0x40
"""The flags of a member of a zip file that is encrypted or a patch."""
_OBJECTS = re.compile(rb"""['"][|<>=]?(?:O\d*|object_?)['"]""")
"""In the description of an array: its values are objects, and are stored as a pickle."""


@dataclass(frozen=True)
class Imports:
    """What loading one file, or one member of an archive, would import."""

    file: str
    names: StreamNames


@dataclass(frozen=True)
class _Use:
    """What is known of a file: its name, and whether loaders unpickle it."""

    name: str
    is_pickle: bool = False
    is_model: bool = False

    def is_certain(self) -> bool:
        """Return whether it has to be a pickle."""
        return self.is_pickle or self.name.lower().endswith(SUFFIXES)

    def without_ending(self) -> _Use:
        """Return what is known of what a compressed file holds."""
        name = self.name if self.name.lower().endswith(SUFFIXES) else os.path.splitext(self.name)[0]
        return _Use(name, self.is_pickle, self.is_model)


def imports_of(
    folder: Path, files: Iterable[str], pickles: Container[str] = (), models: Container[str] = ()
) -> Iterator[Imports]:
    """Yield the imports of each file, without files that are not pickles and hold none.

    Args:
        folder: The folder of the package.
        files: The names of the files, links among them.
        pickles: The files that will be unpickled whatever they look like.
        models: The files that may be unpickled.

    Yields:
        The imports. A broken file does not raise: its `problem` says what is wrong. When the budget of the package is
        used up, the last one says so.
    """
    budget = Budget()
    for name in files:
        use = _Use(name, name in pickles, name in models)
        yield from _with_error(name, _file(folder, use, budget), budget)
        if budget.used_up:
            problem = (
                f"{budget.used_up}: neither the rest of it nor later files were read, so do not trust this package"
            )
            yield _broken(name, problem)
            return


def _with_error(label: str, imports: Iterator[Imports], budget: Budget) -> Iterator[Imports]:
    """Yield the same imports, and an error as the last of them. The end of the budget is told elsewhere."""
    try:
        yield from imports
    except (BrokenStream, *BROKEN_ARCHIVES) as error:
        if not budget.used_up:
            yield _broken(label, problem_of(error))


def _broken(name: str, problem: str) -> Imports:
    return Imports(name, StreamNames([], problem))


def _file(folder: Path, use: _Use, budget: Budget) -> Iterator[Imports]:
    """Yield the imports of a file in every way in which it can be read: one file may be several things at once."""
    path = folder / use.name
    if os.path.islink(path):
        root, target = os.path.realpath(folder), os.path.realpath(path)
        if not target.startswith(os.path.join(root, "")):
            raise BrokenStream("it is a link that leads outside of the package, and was not followed")
        if os.path.isdir(target):
            return  # what is in it has names of its own
        path = Path(target)
    with open(path, "rb", opener=open_plainly) as file:
        if zipfile.is_zipfile(file):
            yield from _with_error(use.name, _zip(file, use.name, budget, 1), budget)
        file.seek(0)
        head = file.peek(_PEEKED)[:_PEEKED]
        if head.startswith(_BZIP2):  # which is also the beginning of a pickle
            plain = list(_stream(file, use.name, use, budget))
            yield from (imports for imports in plain if imports.names.named)
            file.seek(0)
        yield from _content(file, use.name, use, budget, 1)


def open_plainly(path: str, flags: int) -> int:
    """Open a file that is not a link, a pipe or a device, as the ``opener`` of `open`.

    Links in the path to the file are followed.
    """
    descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(None, "it is not a regular file", path)
    return descriptor


def _content(file: io.BufferedReader, label: str, use: _Use, budget: Budget, depth: int) -> Iterator[Imports]:
    """Yield the imports of a file that is read from its beginning to its end: of itself, or of what it holds."""
    head = file.peek(archives.HEAD)
    packing = archives.packing(head)
    if depth > MOST_DEPTH:
        raise BrokenStream(f"more than {MOST_DEPTH} archives are inside of each other, and the rest was not read")
    if packing is not None:
        how, unpack = packing
        inner = archives.buffered(unpack(file), budget)
        label = f"{label} ({how})"
        yield from _with_error(label, _content(inner, label, use.without_ending(), budget, depth + 1), budget)
    elif archives.is_tar(head):
        for name, inner in archives.tar_members(file, budget):
            member = f"{label}/{name}"
            yield from _with_error(member, _content(inner, member, _Use(name), budget, depth + 1), budget)
    elif head.startswith(archives.NUMPY):
        if _OBJECTS.search(archives.read_numpy_header(file)):
            yield Imports(label, names_of(file, budget))
    elif head.startswith(archives.ZIP):
        if depth > 1:  # the outermost one was read before
            content = file.read(LARGEST_INNER_ZIP + 1)
            if len(content) > LARGEST_INNER_ZIP:
                raise BrokenStream(f"it is a zip file of more than {LARGEST_INNER_ZIP:,} bytes inside of another file")
            yield from _zip(io.BufferedReader(io.BytesIO(content)), label, budget, depth)
    elif head.startswith(_LZ4) and use.is_certain():
        raise BrokenStream("it is compressed with lz4, and was not read")
    else:
        yield from _stream(file, label, use, budget)


def _stream(file: io.BufferedReader, label: str, use: _Use, budget: Budget) -> Iterator[Imports]:
    """Yield the names of a file that is a pickle by its name, by its use, by how it begins, or by what is in it."""
    head = file.peek(_PEEKED)[:2]
    names = names_of(file, budget)
    if use.is_certain() or (head[:1] == b"\x80" and head[1:] <= b"\x10"):
        yield Imports(label, names)
        return
    # pickles of protocol 0 and 1 have no fixed beginning, and any text may begin like one
    likely = any(all(part.isidentifier() for part in str(named).split(".")) for named in names.named)
    is_used = names.calls or not names.problem
    if (likely and (is_used or use.is_model)) or (use.is_model and names.named and not names.problem):
        yield Imports(label, names)


def _zip(file: io.BufferedReader, label: str, budget: Budget, depth: int) -> Iterator[Imports]:
    """Yield what the members of a zip file name; a broken member does not hide the others."""
    archive = archives.ZipFile(file)
    for member in archive.members():
        budget.open_member()
        inside = f"{label}/{member.filename}"
        imports = list(_with_error(inside, _member(archive, member, inside, budget, depth), budget))
        yield from imports
        if member.flag_bits & _ALTERED and not any(part.names.named for part in imports):
            yield _broken(inside, "it is marked as encrypted or as a patch, so that it may hold what was not seen")


def _member(archive: archives.ZipFile, member: Any, label: str, budget: Budget, depth: int) -> Iterator[Imports]:
    inner = archive.open(member, budget)
    if member.filename.rpartition("/")[2] == SCHEMA:
        yield Imports(label, _types_of_schema(inner.read(LARGEST_SCHEMA + 1), budget))
    else:
        yield from _content(inner, label, _Use(member.filename), budget, depth + 1)


def _types_of_schema(content: bytes, budget: Budget) -> StreamNames:
    """Return the classes and functions that a schema of types names, at any depth."""
    if len(content) > LARGEST_SCHEMA:
        raise BrokenStream(f"it has more than {LARGEST_SCHEMA:,} bytes")
    budget.unpack(_COST_OF_JSON * len(content))
    try:
        waiting: list[Any] = [json.loads(content)]
    except (ValueError, RecursionError):
        raise BrokenStream("it is not JSON") from None
    types: dict[Named, None] = {}
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            for module, name in (("__module__", "__class__"), ("module_path", "function")):
                if isinstance(item.get(module), str) and isinstance(item.get(name), str):
                    types[Named(item[module], item[name])] = None
        if isinstance(item, (dict, list)):
            waiting.extend(reversed(list(item.values()) if isinstance(item, dict) else item))
    budget.name(len(types))
    return StreamNames(list(types))
