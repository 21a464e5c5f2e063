"""Writing a package: every file is bounded, hashed and counted, and the whole is complete or absent.

The folder is written beside its final place and renamed once ``checksums.json``, the last file, is in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from pickle import PickleBuffer
from types import TracebackType
from typing import Any, BinaryIO

from fitprint._core.jsonable import dumps
from fitprint.models.errors import PackageError

CHECKSUMS = "checksums.json"
_BLOCK = 1 << 20
_MOST_AT_ONCE = 16 << 20


def make_below(folder: str | os.PathLike[str], name: str) -> None:
    """Makes a folder below another one. Raises FileNotFoundError where that one is gone, and never makes it anew."""
    place = os.fspath(folder)
    for part in name.split(os.sep):
        place = os.path.join(place, part)
        with contextlib.suppress(FileExistsError):
            os.mkdir(place)


def member(folder: Path, name: Any) -> Path:
    """The path of a file that an MLmodel names. Raises PackageError where it is missing or leads outside the folder."""
    if not isinstance(name, str) or not name:
        raise PackageError(f"{folder}: its MLmodel names no model file")
    path = folder / name
    try:
        is_inside = "\0" not in name and path.resolve().is_relative_to(folder.resolve())
        is_there = is_inside and path.exists()
    except (OSError, RuntimeError, ValueError):  # too long for the system, or links that lead in a circle
        raise PackageError(f"{folder}: {name[:200]!r}, which its MLmodel names, cannot be looked up") from None
    if not is_inside:
        raise PackageError(f"{folder}: {name!r} leads outside of the package")
    if not is_there:
        raise PackageError(f"{folder}: the file {name} that its MLmodel names is missing")
    return path


class PackageTooLarge(Exception):
    """The package would be larger than `max_model_size`; what was written of it is removed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than max_model_size ({limit:,} bytes)")
        self.limit = limit


class PackageFile:
    """A file of a package, open for writing in binary: counts, hashes and stops at the package's limit.

    Takes any buffer, ``pickle.PickleBuffer`` included, without a copy of it.
    """

    def __init__(self, package: Package, name: str, file: BinaryIO) -> None:
        self._package = package
        self._name = name
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: Any) -> int:
        view = data.raw() if isinstance(data, PickleBuffer) else memoryview(data)  # raw: as it lies, column-wise too
        self._package.count(view.nbytes)
        if view.ndim != 1 or view.itemsize != 1:
            view = view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())
        with self._package.storing():
            for start in range(0, view.nbytes, _MOST_AT_ONCE):  # between two of them a Ctrl-C is seen
                block = view[start : start + _MOST_AT_ONCE]
                self._hash.update(block)
                self._file.write(block)
        self.size += view.nbytes
        return view.nbytes

    def restart(self) -> None:
        """Empties the file, for a second way of writing the same model."""
        with self._package.storing():
            self._file.seek(0)
            self._file.truncate()
        self._package.count(-self.size)
        self._hash = hashlib.sha256()
        self.size = 0

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        with self._package.storing():
            self._file.close()
        self._package.checksums[self._name] = self._hash.hexdigest()

    def __enter__(self) -> PackageFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            with contextlib.suppress(OSError):  # what is left in the buffer: the error that is under way stays the one
                self._file.close()


class Package:
    """A package being written into a folder of its own; ``limit`` in bytes over all its files, None for no limit.

    A flavor's `save` uses `open` and `path`, and never opens a file of its own.
    """

    def __init__(self, folder: str | os.PathLike[str], limit: int | None = None) -> None:
        self.folder = Path(folder)
        self.limit = limit
        self.size = 0
        self.checksums: dict[str, str] = {}
        self.pyfunc: dict[str, Any] | None = {}
        """The keys of the ``python_function`` flavor that are this flavor's to say; None: it cannot predict."""
        self.flavor_name: str | None = None
        self.loader_module: str | None = None
        """Set by `save` for a model that it writes in another flavor's format: that flavor's name and loader."""
        self.options: Mapping[str, Any] = {}
        """The flavor's own options, as the caller gave them."""
        self.modules: set[str] = set()
        """Modules that loading the model imports, as the pickle stream names them."""
        self.code_by_value = False
        self.sealed = False
        self.on_fault: Callable[[OSError], object] | None = None
        """Told of an error of the files themselves, which says something of the disk and nothing of the model."""
        self.skip: Callable[[str, str, str], object] = lambda what, rule, reason: None
        """Keeps a reason, (what, rule, reason), for what `save` could not do; set by who makes the package."""
        self._unhashed: list[str] = []
        self._opened: dict[str, PackageFile] = {}
        os.mkdir(self.folder)

    def open(self, name: str) -> PackageFile:
        """A file of the package to write to, in binary. Raises ValueError for a name that leads outside."""
        with self.storing():
            found = PackageFile(self, name, open(self._place(name), "wb"))  # noqa: SIM115
        if name in self._opened:
            self.count(-self._opened[name].size)  # written again: what was there is gone
        self._opened[name] = found
        return found

    def path(self, name: str) -> Path:
        """The path of a file or folder, for a framework that insists on writing it itself; counted at the end."""
        with self.storing():
            place = self._place(name)
        self._unhashed.append(name)
        return place

    def write(self, name: str, text: str) -> None:
        """Writes a whole small file, UTF-8."""
        with self.open(name) as file:
            file.write(text.encode("utf-8"))

    def copy(self, source: Path, name: str) -> None:
        """Copies one file into the package, in blocks."""
        with open(source, "rb") as read, self.open(name) as file:
            while block := read.read(_BLOCK):
                file.write(block)

    def count(self, size: int) -> None:
        """Adds bytes to the package's size. Raises PackageTooLarge over the limit, before they are written."""
        if self.limit is not None and self.size + size > self.limit:
            raise PackageTooLarge(self.limit)
        self.size += size

    def settle(self) -> None:
        """Counts and hashes what was written through `path`."""
        with self.storing():
            for name in self._unhashed:
                place = self.folder / name
                for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
                    if file.is_file():
                        self._count_written(file)
        self._unhashed.clear()

    def seal(self, target: str | os.PathLike[str]) -> None:
        """Writes ``checksums.json`` and moves the folder to its final place."""
        self.settle()
        text = dumps({name: self.checksums[name] for name in sorted(self.checksums)}, indent=1)
        with self.storing():
            (self.folder / CHECKSUMS).write_text(text, "utf-8")
            os.rename(self.folder, target)
        self.sealed = True

    @contextlib.contextmanager
    def storing(self) -> Iterator[None]:
        """Surrounds file operations of our own, so that `on_fault` is told of their errors."""
        try:
            yield
        except OSError as error:
            if self.on_fault is not None:
                self.on_fault(error)
            raise

    def discard(self) -> None:
        """Removes all that was written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, name: str) -> Path:
        parts = name.split("/")
        if "\0" in name or "\\" in name or any(part in ("", ".", "..") for part in parts) or name == CHECKSUMS:
            raise ValueError(f"{name!r} is no name inside a package: give a relative path of plain names")
        place = self.folder.joinpath(*parts)
        if len(parts) > 1:
            make_below(self.folder, os.path.join(*parts[:-1]))
        return place

    def _count_written(self, file: Path) -> None:
        self.count(file.stat().st_size)
        found = hashlib.sha256()
        with open(file, "rb") as read:
            while block := read.read(_BLOCK):
                found.update(block)
        self.checksums[file.relative_to(self.folder).as_posix()] = found.hexdigest()
