"""The store in a folder: each run has a folder, which is below ``.open/`` while the run is open, and is then renamed.

Many processes and machines on a POSIX file system share a store. Why a rename: docs/adr/0003-rename-when-a-run-ends.md.
Why runs of blocks are moved at their beginning: docs/adr/0010-a-block-s-run-keeps-its-folder.md.
Why neither a lock nor an index: docs/adr/0008-no-lock-in-the-store.md.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fitprint._core.plain_files import read_plain
from fitprint._core.signal_handlers import own, suppress_own
from fitprint.stores.atomic_write import read_record
from fitprint.stores.attempts import note_attempt
from fitprint.stores.contract import JoinedRun, OpenRun, Store, StoreError, UnknownRunError
from fitprint.stores.file_clock import FileClock
from fitprint.stores.joined_folder import JoinedFolder
from fitprint.stores.layout import ALIVE, ALSO, IGNORED, OPEN, PARTIAL, RECORD, RUN_ID, SIDE_FILE, TASKS
from fitprint.stores.leftovers import REPLACED, Leftovers, inspect_folder
from fitprint.stores.open_folder import OpenFolder

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


def _put_back_replaced(folder: Path) -> None:
    """Give a package its name back whose process died before another one had taken its place."""
    for name in _names(str(folder)):
        original = folder / name.removeprefix(REPLACED)
        if original.name != name and not original.exists():
            with contextlib.suppress(FileNotFoundError):
                os.rename(folder / name, original)


def _names(folder: str, store: str = "") -> list[str]:
    """Return the names in a folder. An error says that the store cannot be read, if one is given."""
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
    except own(OSError) as error:
        raise StoreError(f"{store or folder} cannot be read: {error.strerror}") from None
