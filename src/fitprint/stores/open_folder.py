"""The folder of a run that is being written, wherever it is: below ``.open/``, or among the finished runs."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from fitprint._core.jsonable import to_bytes
from fitprint._core.signal_handlers import is_of_program, own, suppress_own
from fitprint.models.package import Package
from fitprint.models.package_paths import make_below
from fitprint.stores.atomic_write import LineFile, touch, write_file
from fitprint.stores.contract import OpenRun
from fitprint.stores.layout import (
    ALIVE,
    METRICS,
    PARTIAL,
    RECORD,
    artifact_file,
    check_nothing_in_way,
    check_package_name,
    free_name,
)
from fitprint.stores.leftovers import REPLACED, remove

P = ParamSpec("P")
T = TypeVar("T")


def _followed(operate: Callable[Concatenate[OpenFolder, P], T]) -> Callable[Concatenate[OpenFolder, P], T]:
    """Try an operation again where the folder is now, if somebody has moved it."""

    @functools.wraps(operate)
    def follow(run: OpenFolder, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return operate(run, *args, **kwargs)
        except FileNotFoundError:
            if not run._follow():
                raise
            return operate(run, *args, **kwargs)

    return follow


class OpenFolder(OpenRun):
    """The folder of a run that is being written. `finished` says that it is at its final place already."""

    def __init__(self, store: str, folder: str, finished: bool = False, is_new: bool = False) -> None:
        self._store = store
        self._folder = folder
        self._finished = finished
        self._has_ended = finished
        self._metrics = LineFile(continues=not is_new)
        self._is_replacing = False
        """Whether the newest record may still have its partial name: between the last two steps of writing it."""
        self._is_leased = False
        """Whether the file may be there that says that the process is at work."""
        self._has_record = not is_new
        """Whether there may be a record, which the next one replaces."""
        self._packages: list[Package] = []
        """The packages that were begun. Those that are not sealed when the run ends are removed."""
        self._made: set[str] = set()
        """The folders of artifacts that were made here."""

    @property
    def path(self) -> Path:
        return Path(self._folder)

    @property
    def final_path(self) -> Path:
        return Path(self._store, os.path.basename(self._folder))

    def make(self) -> None:
        """Create the folder.

        Raises:
            FileNotFoundError: The parent folder does not exist.
        """
        os.mkdir(self._folder, 0o700)  # only the owner reads an open run; `finish` sets the mode that the umask allows

    def _follow(self) -> bool:
        """Go on at the place of the finished runs, if a cleanup has moved the run there and taken its process for dead.

        That happens to a process that was halted for minutes.
        """
        if self._finished or os.path.isdir(self._folder) or not self.final_path.is_dir():
            return False
        self._folder, self._finished = str(self.final_path), True
        return True

    @_followed
    def write_record(self, record: Mapping[str, Any]) -> None:
        path = f"{self._folder}/{RECORD}"
        if self._is_replacing:  # the last step failed before: the only complete record must not be overwritten
            with contextlib.suppress(FileNotFoundError):
                os.rename(path + PARTIAL, path)
            self._is_replacing = False
        write_file(path + PARTIAL, to_bytes(record))
        # unlinked first, because a rename over a file is slow: docs/adr/0003-rename-when-a-run-ends.md
        self._is_replacing = True
        if self._has_record:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        self._has_record = True
        os.rename(path + PARTIAL, path)
        self._is_replacing = False

    @_followed
    def append_metrics(self, lines: str) -> None:
        self._metrics.append(f"{self._folder}/{METRICS}", lines)

    @_followed
    def write_artifact(self, name: str, content: bytes) -> None:
        relative = artifact_file(name)
        folder = os.path.dirname(relative)
        try:
            if folder not in self._made:
                self._make_below(folder)
            try:
                self._write(relative, content)
            except FileNotFoundError:  # somebody has removed the folder
                self._make_below(folder)
                self._write(relative, content)
        except own(OSError):
            check_nothing_in_way(self._folder, relative)
            raise

    def _make_below(self, folder: str) -> None:
        make_below(self._folder, folder)
        while folder:
            self._made.add(folder)
            folder = os.path.dirname(folder)

    @_followed
    def begin_package(self, limit: int | None) -> Package:
        number = 0
        while True:
            try:
                self._packages.append(Package(f"{self._folder}/.package-{number}", limit))
                return self._packages[-1]
            except FileExistsError:
                number += 1

    def keep_package(self, package: Package, name: str, replaces: bool = False) -> str:
        check_package_name(name)
        path = f"{self._folder}/{name}"
        if replaces and os.path.isdir(path):
            self._replace_package(package, path, os.path.join(self._folder, REPLACED + name))
            return name
        free = free_name(self._folder, name)
        path = f"{self._folder}/{free}"
        try:
            package.seal(path)
            return free
        except BaseException:
            _undo_seal(package, path)  # the caller does not know the name
            raise

    def _replace_package(self, package: Package, path: str, aside: str) -> None:
        """Put a package in the place of another one. A process that dies meanwhile leaves one of the two.

        No portable system call exchanges two folders, so the old one is moved aside for the moment between two renames.
        """
        package.complete()
        shutil.rmtree(aside, ignore_errors=True)
        try:
            os.rename(path, aside)
            os.rename(package.folder, path)
            package.sealed = True
        except BaseException:
            if os.path.lexists(package.folder) and os.path.lexists(aside):  # interrupted between the two
                os.rename(aside, path)
            raise
        shutil.rmtree(aside, ignore_errors=True)

    @_followed
    def settle(self) -> None:
        if not self._finished:
            self._move()

    @_followed
    def renew_lease(self) -> None:
        self._is_leased = True
        touch(os.path.join(self._folder, ALIVE))

    def drop_lease(self) -> None:
        self._is_leased = False
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self._folder, ALIVE))  # that of `Path` takes twice as long

    def finish(self) -> None:
        if self._is_leased:
            with suppress_own(OSError):  # of a run that has ended nobody looks at it
                self.drop_lease()
        for package in () if self._has_ended else self._packages:  # after the end, only other threads write packages
            if not package.sealed:
                package.discard()
        self.settle()
        self._has_ended = True

    def _move(self) -> None:
        """Move the folder to the finished runs."""
        source, target = self._folder, os.path.join(self._store, os.path.basename(self._folder))
        # the record was created with the present umask; the folder gets its mode, and who may read it may enter it
        mode = os.stat(f"{source}/{RECORD}").st_mode & 0o666
        inherited = os.stat(source).st_mode & stat.S_ISGID  # of a folder that a group shares
        os.chmod(source, inherited | mode | 0o700 | (mode & 0o444) >> 2)
        try:  # the attributes are set before the move, so that they are right if an interruption follows it
            self._folder, self._finished = target, True
            os.rename(source, target)
        except BaseException as error:
            if (isinstance(error, OSError) and not is_of_program(error)) or os.path.isdir(source):
                self._folder, self._finished = source, False
            raise

    def discard(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder)  # raises the error that kept it from being removed

    def mend(self, record: Mapping[str, Any] | None, incomplete: Iterable[str]) -> None:
        if record is not None:
            partial = os.path.join(self._folder, f"{RECORD}.{os.urandom(4).hex()}{PARTIAL}")
            write_file(partial, to_bytes(record))
            # another cleanup may have removed this as incomplete; it writes the same record itself
            with contextlib.suppress(FileNotFoundError):
                os.replace(partial, os.path.join(self._folder, RECORD))
        for name in (*incomplete, ALIVE):
            remove(Path(self._folder, name))

    def _write(self, name: str, content: bytes) -> None:
        """Write a file directly while nobody else reads the run, else by a rename, so that nobody reads half of it."""
        path = f"{self._folder}/{name}"
        if not self._finished:
            with contextlib.suppress(FileExistsError):
                write_file(path, content, new=True)
                return
        partial = f"{path}.{os.urandom(4).hex()}{PARTIAL}"  # a name that no artifact of the user has
        write_file(partial, content)
        try:
            os.replace(partial, path)
        except BaseException:
            with suppress_own(OSError):
                os.unlink(partial)
            raise


def _undo_seal(package: Package, path: str) -> None:
    """Give a package that was moved to its place its earlier name again."""
    if not os.path.lexists(package.folder):
        with suppress_own(OSError):
            os.rename(path, package.folder)
