"""The store in a folder: one folder per run, open ones below ``.open/``, which one rename moves when they end.

Many processes and machines on a POSIX file system share a store. Why a rename: docs/adr/0003-rename-when-a-run-ends.md.
Why runs of blocks are moved at their beginning: docs/adr/0010-a-block-s-run-keeps-its-folder.md.
Why neither a lock nor an index: docs/adr/0008-no-lock-in-the-store.md.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from fitprint._core.jsonable import to_bytes
from fitprint._core.plain_files import read_plain
from fitprint._core.signal_handlers import is_of_program, own, suppress_own
from fitprint.models.package import Package, make_below
from fitprint.stores.atomic_write import LineFile, read_record, touch, write_file
from fitprint.stores.attempts import note_attempt
from fitprint.stores.contract import JoinedRun, OpenRun, Store, StoreError, UnknownRunError
from fitprint.stores.file_clock import FileClock
from fitprint.stores.joined_folder import JoinedFolder
from fitprint.stores.layout import (
    ALIVE,
    ALSO,
    IGNORED,
    METRICS,
    OPEN,
    PARTIAL,
    RECORD,
    RUN_ID,
    SIDE_FILE,
    TASKS,
    artifact_file,
    check_nothing_in_way,
    check_package_name,
    free_name,
)
from fitprint.stores.leftovers import REPLACED, Leftovers, inspect_folder, remove

P = ParamSpec("P")
T = TypeVar("T")
LARGEST_SIDE_FILE = 256_000_000
"""The bytes of the largest side file that is read: ten million values of metrics."""


class FolderStore(Store):
    """A store of runs in one folder."""

    def __init__(self, location: str) -> None:
        self.location = location
        self._open = os.path.join(location, OPEN)
        self._clock = FileClock(self._open)

    def begin(self, run_id: str) -> OpenRun:
        open_run = OpenFolder(self.location, os.path.join(self._open, run_id), is_new=True)
        try:
            try:
                open_run.make()
            except FileNotFoundError:
                self._make()
                open_run.make()
            return open_run
        except BaseException:
            with suppress_own(OSError):
                open_run.discard()
            raise

    def _folders(self, run_id: str) -> tuple[str, ...]:
        """Return where the folder of a run may be; nowhere if that is not the id of a run."""
        if not RUN_ID.fullmatch(run_id):
            return ()
        ended = f"{self.location}/{run_id}"
        return ended, f"{self._open}/{run_id}", ended  # again, because a run may be moved there meanwhile

    def _make(self) -> None:
        """Make the folders of the store. A new store is kept out of version control, with the models in it."""
        is_new = not os.path.lexists(self.location)
        os.makedirs(self._open, exist_ok=True)
        if is_new:
            with suppress_own(OSError):  # another process has written it, or nothing can be written anyway
                Path(self.location, IGNORED).write_text("*\n")

    def reopen(self, run_id: str) -> OpenRun:
        folder = self.folder(run_id)
        return OpenFolder(self.location, str(folder), finished=folder.parent == Path(self.location))

    def join(self, run_id: str, writer: str) -> JoinedRun:
        self.folder(run_id)
        return JoinedFolder(self, run_id, writer)

    def side_files(self, run_id: str) -> Mapping[str, bytes]:
        for folder in self._folders(run_id):
            try:
                names = [name for name in os.listdir(f"{folder}/{ALSO}") if name.endswith(SIDE_FILE)]
                return {
                    name.removesuffix(SIDE_FILE): read_plain(f"{folder}/{ALSO}/{name}", LARGEST_SIDE_FILE)
                    for name in sorted(names)
                }
            except (FileNotFoundError, NotADirectoryError):
                if os.path.isdir(folder):
                    return {}
            except own(OSError) as error:
                raise StoreError(f"{folder}/{ALSO} cannot be read: {error.strerror}") from None
        raise UnknownRunError(f"no run {run_id} in {self.location}")

    def silence(self, run_id: str, writer: str = "") -> float | None:
        file = f"{ALSO}/{writer}.{ALIVE}" if writer else ALIVE
        for folder in self._folders(run_id):
            with suppress_own(OSError):
                return self._clock.now() - os.stat(f"{folder}/{file}").st_mtime
        return None

    def run_ids(self) -> Iterator[str]:
        folders = (self._open, self.location)  # in the order in which a run that ends meanwhile is moved
        run_ids = {name for folder in folders for name in _names(folder, self.location) if RUN_ID.fullmatch(name)}
        return iter(sorted(run_ids, reverse=True))

    def folder(self, run_id: str) -> Path:
        for folder in self._folders(run_id):
            if os.path.isdir(folder):
                return Path(folder)
        raise UnknownRunError(f"no run {run_id} in {self.location}")

    def read_record(self, run_id: str) -> dict[str, Any]:
        # reading without asking first saves a system call for finished runs, which are by far the most
        for folder in self._folders(run_id):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                return read_record(f"{folder}/{RECORD}")
        raise UnknownRunError(f"no run {run_id} in {self.location}")

    def leftovers(self, run_id: str) -> Leftovers:
        folder = self.folder(run_id)
        try:
            return inspect_folder(folder, RECORD, is_open=folder.parent == Path(self._open))
        except FileNotFoundError:
            raise UnknownRunError(f"no run {run_id} in {self.location}") from None

    def take_over(self, run_id: str, was_open: bool, is_dead: Callable[[Mapping[str, Any]], bool]) -> OpenRun | None:
        folder = Path(self._open if was_open else self.location, run_id)
        open_run = OpenFolder(self.location, str(folder), finished=not was_open)
        try:
            if not (folder / RECORD).exists():  # its process died between the two steps that replace a record
                os.rename(folder / (RECORD + PARTIAL), folder / RECORD)
            open_run.finish()
        except FileNotFoundError:
            return None
        _put_back_replaced(open_run.path)
        if is_dead(self.read_record(run_id)):
            return open_run
        if was_open:  # it was reopened in the meantime
            os.rename(open_run.path, folder)
        return None

    def prepare_for(self, sender: str) -> None:
        if not os.path.isdir(self._open):
            self._make()
        os.makedirs(self._tasks(sender), exist_ok=True)

    def is_prepared_for(self, sender: str) -> bool:
        return os.path.isdir(self._tasks(sender))

    def note_attempt(self, sender: str, task: str, attempt: str, run_id: str) -> str | None:
        return note_attempt(self._tasks(sender), task, attempt, run_id)

    def forget_attempts(self, sender: str) -> None:
        shutil.rmtree(self._tasks(sender), ignore_errors=True)
        with suppress_own(OSError):  # those of other programs are in there
            os.rmdir(os.path.join(self.location, TASKS))

    def _tasks(self, sender: str) -> str:
        return os.path.join(self.location, TASKS, sender)


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


def _put_back_replaced(folder: Path) -> None:
    """Give a package its name back whose process died before another one had taken its place."""
    for name in _names(str(folder)):
        original = folder / name.removeprefix(REPLACED)
        if original.name != name and not original.exists():
            with contextlib.suppress(FileNotFoundError):
                os.rename(folder / name, original)


def _undo_seal(package: Package, path: str) -> None:
    """Give a package that was moved to its place its earlier name again."""
    if not os.path.lexists(package.folder):
        with suppress_own(OSError):
            os.rename(path, package.folder)


def _names(folder: str, store: str = "") -> list[str]:
    """Return the names in a folder. An error says that the store cannot be read, if one is given."""
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
    except own(OSError) as error:
        raise StoreError(f"{store or folder} cannot be read: {error.strerror}") from None
