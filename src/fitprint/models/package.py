"""Writing a package: every file is limited, hashed and counted, and the package is complete or absent.

The folder is written beside its final place and renamed once ``checksums.json``, the last file, is in it:
docs/adr/0003-rename-when-a-run-ends.md. Why files are hashed while they are written:
docs/adr/0005-hash-while-writing.md.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable
from errno import ENOENT
from functools import partial
from pathlib import Path
from pickle import PickleBuffer
from types import SimpleNamespace, TracebackType
from typing import Any, BinaryIO, cast

from fitprint._core import work_queue
from fitprint._core.jsonable import to_json
from fitprint._core.publish import publish
from fitprint._core.signal_handlers import is_of_program, own, suppress_own
from fitprint.models.package_paths import is_plain_name, make_below, write_whole

CHECKSUMS = "checksums.json"
_BLOCK = 1 << 20
_MOST_AT_ONCE = 16 << 20
MOST_IN_FOREGROUND = 16 << 20
"""How many bytes of a package that may be written in the background are written at once: most packages are smaller."""


class PackageTooLarge(Exception):
    """The package would be larger than `max_model_size`; what was written of it is removed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than max_model_size ({limit:,} bytes)")
        self.limit = limit


class PackageFile:
    """A file of a package, open for writing in binary: it counts, hashes, and stops at the package's limit.

    It takes any buffer, also ``pickle.PickleBuffer``, without a copy.
    """

    def __init__(self, package: Package, name: str, file: BinaryIO) -> None:
        self._package = package
        self._name = name
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0
        self.modules: set[str] = set()
        """The modules that reading the file imports, as noted by whoever pickles into it."""

    def write(self, data: Any) -> int:
        """Write the bytes of a buffer.

        Args:
            data: The buffer.

        Returns:
            The number of bytes.

        Raises:
            PackageTooLarge: The package would be over its limit.
        """
        view = (
            data.raw() if isinstance(data, PickleBuffer) else memoryview(data)
        )  # raw: in the order of memory, also column by column
        self._package.count(view.nbytes)
        if view.ndim != 1 or view.itemsize != 1:
            view = view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())
        with self._package.storing():
            for start in range(0, view.nbytes, _MOST_AT_ONCE):  # so that Ctrl-C is noticed between two blocks
                block = view[start : start + _MOST_AT_ONCE]
                if self._package.writes_later():
                    self._package.do_later(partial(self._store, bytes(block)), block.nbytes)
                else:
                    self._store(block)
        self.size += view.nbytes
        return view.nbytes

    def _store(self, block: bytes | memoryview) -> None:
        self._hash.update(block)
        self._file.write(block)

    def restart(self) -> None:
        """Empty the file, so that the same model can be written in another way."""
        self._package.wait()
        with self._package.storing():
            self._file.seek(0)
            self._file.truncate()
        self._package.count(-self.size)
        self._hash = hashlib.sha256()
        self.size = 0
        self.modules.clear()

    def flush(self) -> None:
        """Flush the file."""
        self._package.wait()
        self._file.flush()

    def close(self) -> None:
        """Close the file and note its checksum."""
        if self._package.writes_later():
            self._package.do_later(self._close, in_any_case=True)
            return
        with self._package.storing():
            self._close()

    def _close(self) -> None:
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
            self._package.wait()
            with suppress_own(OSError):  # of the rest of the buffer: it must not replace the error that is being raised
                self._file.close()


class _Storing:
    """Tells a package's `on_fault` of the errors of the block."""

    __slots__ = ("_package",)

    def __init__(self, package: Package) -> None:
        self._package = package

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError) and self._package.on_fault is not None and not is_of_program(error):
            self._package.on_fault(error)


class Package:
    """A package that is being written into its own folder.

    The `save` of a flavor uses `open` and `path`, and never opens a file by itself.

    Args:
        folder: The folder, which is made.
        limit: The bytes that all its files may have together, or None.
    """

    def __init__(self, folder: str | os.PathLike[str], limit: int | None = None) -> None:
        self._root = os.fspath(folder)
        self.limit = limit
        self.size = 0
        self.checksums: dict[str, str] = {}
        self.sealed = False
        self.on_fault: Callable[[OSError], object] | None = None
        """Called with an error of the files themselves, which is a fault of the disk and not of the model."""
        self.background: str | None = None
        """The key of the work with which the package may be written in the background; None: it may not be."""
        self.fault: OSError | None = None
        """What has gone wrong in the background. Nothing more is written then."""
        self._later = False
        self._unhashed: list[str] = []
        self._is_written_by_others = False
        """Whether a framework was given a place to write to."""
        self._opened: dict[str, PackageFile] = {}
        self._sizes: dict[str, int] = {}
        """The bytes of each file that was written whole."""
        os.mkdir(self._root)

    @property
    def folder(self) -> Path:
        """The folder. Everything that was written so far is in it."""
        self.wait()
        return Path(self._root)

    @property
    def modules(self) -> set[str]:
        """The modules that loading the model imports, as the pickles in the package name them."""
        return {module for file in self._opened.values() for module in file.modules}

    def open(self, name: str) -> PackageFile:
        """Open a file of the package for writing in binary.

        Args:
            name: The path of the file inside the package.

        Returns:
            The file, a context manager.

        Raises:
            ValueError: The name leads outside of the package.
        """
        with self.storing():
            file = PackageFile(self, name, open(self._place(name), "wb"))  # noqa: SIM115
        self._forget(name)
        self._opened[name] = file
        return file

    def _forget(self, name: str) -> None:
        """Count a file no longer that is being written again: its earlier content is gone."""
        earlier = self._opened.pop(name, None)
        size = self._sizes.pop(name, 0) if earlier is None else earlier.size
        if size:
            self.count(-size)

    def path(self, name: str) -> Path:
        """Return the path of a file or folder for a framework that has to write it by itself; it is counted at the end.

        Args:
            name: The path inside the package.

        Returns:
            The path, whose folder exists.

        Raises:
            ValueError: The name leads outside of the package.
        """
        with self.storing():
            place = Path(self._place(name))
        self._unhashed.append(name)
        self._is_written_by_others = True
        return place

    def write(self, name: str, text: str) -> None:
        """Write a whole small file in UTF-8.

        Args:
            name: The path of the file inside the package.
            text: Its content.
        """
        content = text.encode("utf-8")
        if self.writes_later():
            with self.open(name) as file:
                file.write(content)
            return
        self._forget(name)
        self.count(len(content))
        with self.storing():
            write_whole(self._place(name), content)
        self._sizes[name] = len(content)
        self.checksums[name] = hashlib.sha256(content).hexdigest()

    def copy(self, source: Path, name: str) -> None:
        """Copy a file into the package, in blocks.

        Args:
            source: The file.
            name: The path of the copy inside the package.
        """
        with open(source, "rb") as read, self.open(name) as file:
            while block := read.read(_BLOCK):
                file.write(block)

    def zip(self, folder: Path, name: str) -> None:
        """Write all files of a folder into the package as one zip archive, in blocks and without compression.

        Args:
            folder: The folder.
            name: The path of the archive inside the package.
        """
        with self.open(name) as file:
            written = SimpleNamespace(write=file.write, flush=lambda: None)  # a flush would wait for the background
            with zipfile.ZipFile(cast("BinaryIO", written), "w") as archive:
                for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                    entry = zipfile.ZipInfo.from_file(path, path.relative_to(folder).as_posix())
                    with open(path, "rb") as source, archive.open(entry, "w") as target:
                        shutil.copyfileobj(source, target, _BLOCK)

    def count(self, size: int) -> None:
        """Add to the size of the package.

        Args:
            size: The bytes that are about to be written.

        Raises:
            PackageTooLarge: The package would be over its limit.
        """
        if self.limit is not None and self.size + size > self.limit:
            raise PackageTooLarge(self.limit)
        self.size += size

    def settle(self) -> None:
        """Count and hash what was written to a `path`."""
        with self.storing():
            for name in self._unhashed:
                place = Path(self._root, name)
                for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
                    if file.is_file():
                        self._count_written(file)
        self._unhashed.clear()

    def seal(self, target: str | os.PathLike[str]) -> None:
        """Write ``checksums.json`` and move the folder to its final place.

        Args:
            target: The final place.
        """
        self.complete()
        with self.storing():
            os.rename(self._root, target)
        self.sealed = True

    def complete(self) -> None:
        """Write ``checksums.json``, the last file of the package."""
        self.settle()
        self.wait()
        if self.fault is not None:
            raise self.fault
        text = to_json({name: self.checksums[name] for name in sorted(self.checksums)}, indent=1)
        with self.storing():
            write_whole(f"{self._root}/{CHECKSUMS}", text.encode("utf-8"))

    def storing(self) -> _Storing:
        """Return a context manager for operations on files, which passes their errors to `on_fault`."""
        return _Storing(self)

    def writes_later(self) -> bool:
        """Return whether what comes now is written in the background: from a certain size of the package on."""
        if not self._later:
            self._later = self.background is not None and self.size > MOST_IN_FOREGROUND
        return self._later

    def do_later(self, work: Callable[[], None], size: int = 0, in_any_case: bool = False) -> None:
        """Have a part of the package written in the background.

        Args:
            work: What writes it.
            size: How many bytes it keeps in memory until then.
            in_any_case: Whether it is done also if something before it has failed.
        """
        assert self.background is not None
        work_queue.do_later(partial(self._do, work, in_any_case), self.background, size)

    def _do(self, work: Callable[[], None], in_any_case: bool) -> None:
        if self.fault is None or in_any_case:
            try:
                with self.storing():
                    work()
            except own(OSError) as error:
                self.fault = error

    def wait(self) -> None:
        """Wait until everything that was given to the background is written."""
        if self._later and self.background is not None:
            work_queue.wait(self.background)

    def discard(self) -> None:
        """Remove everything that was written. What is still to be written in the background is not written any more."""
        self.on_fault = None
        self.fault = self.fault or FileNotFoundError(ENOENT, "the package was discarded", self._root)
        shutil.rmtree(self._root, ignore_errors=True)

    def has_folder(self, name: str) -> bool:
        """Return whether there is a folder of this name in the package."""
        if not self._is_written_by_others:  # then all names are known, without asking the disk
            return any(known.startswith(f"{name}/") for known in (*self._opened, *self._sizes))
        return os.path.isdir(f"{self._root}/{name}")

    def _place(self, name: str) -> str:
        parts = name.split("/")
        if not is_plain_name(name) or name == CHECKSUMS:
            raise ValueError(f"{name!r} is not a valid name inside a package: give a relative path of plain names")
        if len(parts) > 1:
            make_below(self._root, os.path.join(*parts[:-1]))
        return f"{self._root}/{name}"

    def _count_written(self, file: Path) -> None:
        self.count(file.stat().st_size)
        if self.writes_later():
            self.do_later(partial(self._hash_written, file))
        else:
            self._hash_written(file)

    def _hash_written(self, file: Path) -> None:
        with open(file, "rb", buffering=0) as read:
            digest = hashlib.file_digest(read, "sha256")
        self.checksums[file.relative_to(self._root).as_posix()] = digest.hexdigest()


publish("fitprint.models", Package, PackageTooLarge)
