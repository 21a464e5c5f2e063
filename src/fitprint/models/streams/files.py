"""The files of a package that are, hold or compress pickles, or that list types to load, with what each names."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitprint.models.streams.names import Named, StreamNames, names_of
from fitprint.models.streams.opcodes import BrokenStream

SUFFIXES = (".pkl", ".pickle", ".joblib", ".dill")
SCHEMA = "schema.json"
"""The file in a zip file that lists the types which a format without pickles loads."""

MOST_UNPACKED = 1_000_000_000
LARGEST_SCHEMA = 50_000_000
LARGEST_DIRECTORY = 10_000_000
MOST_MEMBERS = 10_000

_PACKED: Mapping[bytes, tuple[str, Callable[..., Any]]] = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ": ("lzma", lzma.open),
    b"]\0\0": ("lzma", lzma.open),
}
_HEAD = 6
_ZIP = b"PK\3\4"
_TEXTS = (".json", ".txt", ".yaml", ".yml", ".csv", ".tsv", ".py", ".toml", ".md")
_BROKEN_FILE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    AssertionError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)
"""The exceptions of the standard library for broken archives."""


@dataclass(frozen=True)
class Imports:
    """What loading one file, or one member of an archive, would import."""

    file: str
    names: StreamNames


def imports_of(
    folder: Path, files: Iterable[str], pickles: Container[str] = (), models: Container[str] = ()
) -> Iterator[Imports]:
    """Yield the imports of each file, without files that are not pickles and hold none.

    Args:
        folder: The folder of the package.
        files: The names of the files.
        pickles: The files that will be unpickled whatever they look like.
        models: The files that may be unpickled.

    Yields:
        The imports. A broken file does not raise: its `problem` says what is wrong.
    """
    for name in files:
        path = folder / name
        yield from _with_error(name, _archive(path, name))
        yield from _with_error(name, _whole(path, name, name in pickles, name in models))


def _with_error(label: str, imports: Iterator[Imports]) -> Iterator[Imports]:
    """Yield the same imports, and an error as the last of them."""
    try:
        yield from imports
    except BrokenStream as error:
        yield _broken(label, str(error))
    except _BROKEN_FILE as error:
        text = getattr(error, "strerror", None) or " ".join(str(error).split())[:200] or type(error).__name__
        yield _broken(label, f"it cannot be read: {text}")


def _broken(name: str, problem: str) -> Imports:
    return Imports(name, StreamNames([], problem))


def _whole(path: Path, name: str, is_pickle: bool, is_model: bool) -> Iterator[Imports]:
    """Yield the imports of the file itself as a stream, unpacked if it is compressed."""
    with open(path, "rb", opener=open_plainly) as file:
        head = file.peek(_HEAD)
        packed = next((packing for magic, packing in _PACKED.items() if head.startswith(magic)), None)
        if packed is not None:
            how, unpack = packed
            inside = name if _is_called_pickle(name) else os.path.splitext(name)[0]
            with unpack(file) as opened:
                inner = _Unpacked(opened, Allowance()).buffered()
                yield from _stream(inner, f"{name} ({how})", inside, is_pickle, is_model)
        elif not head.startswith(_ZIP):  # read as a pickle, a zip file would end at its first byte
            yield from _stream(file, name, name, is_pickle, is_model)


def open_plainly(path: str, flags: int) -> int:
    """Open a file that is not a link, a pipe or a device, as the ``opener`` of `open`.

    Links in the path to the file are followed.
    """
    descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(None, "it is not a regular file", path)
    return descriptor


def _stream(file: io.BufferedReader, label: str, name: str, is_pickle: bool, is_model: bool) -> Iterator[Imports]:
    """Yield the names of a file that begins like a pickle, has the name of one, or is used as one."""
    head = file.peek(_HEAD)[:2]
    if is_pickle or _is_called_pickle(name) or (head[:1] == b"\x80" and head[1:] <= b"\x10"):
        yield Imports(label, names_of(file))
    elif is_model and not name.lower().endswith(_TEXTS):
        names = names_of(file)  # pickles of protocol 0 and 1 have no fixed beginning
        likely = [named for named in names.named if all(part.isidentifier() for part in str(named).split("."))]
        if likely or (names.named and not names.problem):
            yield Imports(label, names)


def _is_called_pickle(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _archive(path: Path, name: str) -> Iterator[Imports]:
    """Yield what the members of a zip file name; a broken member does not hide the others."""
    with open(path, "rb", opener=open_plainly) as file:
        if not zipfile.is_zipfile(file):
            return
        with zipfile.ZipFile(_Cautious(file)) as archive:
            members = archive.infolist()
            allowance = Allowance()
            for member in members[:MOST_MEMBERS]:
                label = f"{name}/{member.filename}"
                yield from _with_error(label, _member(archive, member, label, allowance))
            if len(members) > MOST_MEMBERS:
                yield _broken(name, f"it holds more than {MOST_MEMBERS:,} files, and the rest was not read")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, label: str, allowance: Allowance) -> Iterator[Imports]:
    with archive.open(member) as opened:
        inner = _Unpacked(opened, allowance).buffered()
        if member.filename.rpartition("/")[2] == SCHEMA:
            yield Imports(label, _types_of_schema(inner.read(LARGEST_SCHEMA + 1)))
        else:
            yield from _stream(inner, label, member.filename, False, False)


def _types_of_schema(content: bytes) -> StreamNames:
    """Return the classes and functions that a schema of types names, at any depth."""
    if len(content) > LARGEST_SCHEMA:
        raise BrokenStream(f"it has more than {LARGEST_SCHEMA:,} bytes")
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
    return StreamNames(list(types))


@dataclass
class Allowance:
    """How many bytes may still be unpacked from a file, since a small file can hold an endless one."""

    left: int = MOST_UNPACKED

    def take(self, size: int) -> None:
        """Use up bytes; raise BrokenStream if there are none left."""
        self.left -= size
        if self.left < 0:
            raise BrokenStream(f"more than {MOST_UNPACKED:,} bytes are packed in it, and the rest was not read")


class _Unpacked(io.RawIOBase):
    """What is unpacked from a file, within an allowance."""

    def __init__(self, file: Any, allowance: Allowance) -> None:
        self._file = file
        self._allowance = allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._file.read(len(buffer))
        self._allowance.take(len(block))
        buffer[: len(block)] = block
        return len(block)

    def buffered(self) -> io.BufferedReader:
        return io.BufferedReader(self, 1 << 16)


class _Cautious:
    """A zip file whose list of members is read only if it is not too long."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size if 0 <= size <= LARGEST_DIRECTORY else LARGEST_DIRECTORY + 1)
        if len(content) > LARGEST_DIRECTORY:
            raise BrokenStream(f"the list of its files has more than {LARGEST_DIRECTORY:,} bytes")
        return content
