"""The folder store: a folder per run, open ones below ``.open/``, moved by one rename when they end.

No lock and no index: many processes and machines on a POSIX file system share a store.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fitprint._core.jsonable import to_bytes
from fitprint.models.package import Package, make_below
from fitprint.stores.contract import OpenRun, Store, StoreError, UnknownRunError
from fitprint.stores.leftovers import PARTIAL, Leftovers, look, remove
from fitprint.stores.lines import LineFile
from fitprint.stores.whole import read_record, write_whole

OPEN = ".open"
RECORD = "run.json"
METRICS = "metrics.jsonl"
ARTIFACTS = "artifacts"
_RUN_ID = re.compile(r"[0-9a-f]{32}")


class FolderStore(Store):
    """Runs in one folder."""

    def __init__(self, location: str) -> None:
        self.location = location
        self._open = os.path.join(location, OPEN)

    def begin(self, run_id: str) -> OpenRun:
        opened = OpenFolder(self.location, os.path.join(self._open, run_id))
        try:
            try:
                opened.make()
            except FileNotFoundError:
                os.makedirs(self._open, exist_ok=True)
                opened.make()
            return opened
        except BaseException:
            with contextlib.suppress(OSError):
                opened.discard()
            raise

    def reopen(self, run_id: str) -> OpenRun:
        folder = self.folder(run_id)
        return OpenFolder(self.location, str(folder), finished=folder.parent == Path(self.location))

    def run_ids(self) -> Iterator[str]:
        found = {name for place in (self.location, self._open) for name in _names(place) if _RUN_ID.fullmatch(name)}
        return iter(sorted(found, reverse=True))

    def folder(self, run_id: str) -> Path:
        # a run may be renamed from the second place to the first between two looks
        for place in (self.location, self._open, self.location):
            path = Path(place, run_id)
            if _RUN_ID.fullmatch(run_id) and path.is_dir():
                return path
        raise UnknownRunError(f"no run {run_id} in {self.location}")

    def read_record(self, run_id: str) -> dict[str, Any]:
        # finished runs, by far the most, are read with one system call less than asking first
        for place in (self.location, self._open, self.location) if _RUN_ID.fullmatch(run_id) else ():
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                return read_record(f"{place}/{run_id}/{RECORD}")
        raise UnknownRunError(f"no run {run_id} in {self.location}")

    def leftovers(self, run_id: str) -> Leftovers:
        folder = self.folder(run_id)
        try:
            return look(folder, RECORD, is_open=folder.parent == Path(self._open))
        except FileNotFoundError:
            raise UnknownRunError(f"no run {run_id} in {self.location}") from None

    def take_over(self, run_id: str, was_open: bool, is_dead: Callable[[Mapping[str, Any]], bool]) -> OpenRun | None:
        folder = Path(self._open if was_open else self.location, run_id)
        writer = OpenFolder(self.location, str(folder), finished=not was_open)
        try:
            if not (folder / RECORD).exists():  # it died in the moment between two names
                os.rename(folder / (RECORD + PARTIAL), folder / RECORD)
            writer.finish()
        except FileNotFoundError:
            return None
        if is_dead(self.read_record(run_id)):
            return writer
        if was_open:  # reopened since it was looked at
            os.rename(writer.path, folder)
        return None


class OpenFolder(OpenRun):
    """The folder of a run being written; ``finished``: an ended run that is added to."""

    def __init__(self, store: str, folder: str, finished: bool = False) -> None:
        self._store = store
        self._folder = folder
        self._finished = finished
        self._metrics = LineFile()
        self._between = False
        """Whether ``run.json`` may bear the name of the one beside it: between the last two steps of writing it."""
        self._packages: list[Package] = []
        """Those begun: what is left of them when the run ends is half a package."""

    @property
    def path(self) -> Path:
        return Path(self._folder)

    @property
    def final_path(self) -> Path:
        return Path(self._store, os.path.basename(self._folder))

    def make(self) -> None:
        """Makes the folder. Raises FileNotFoundError where the one it lies in is missing."""
        os.mkdir(self._folder, 0o700)  # nobody reads what is half written; `finish` gives what the umask allows

    def write_record(self, record: Mapping[str, Any]) -> None:
        place = os.path.join(self._folder, RECORD)
        if self._between:  # an earlier one came as far as its last step: the only whole record is not written over
            with contextlib.suppress(FileNotFoundError):
                os.rename(place + PARTIAL, place)
            self._between = False
        write_whole(place + PARTIAL, to_bytes(record))
        # a rename over a file makes some file systems write it to the disk there and then, a millisecond each time; in
        # the moment without the file the one beside it is whole, and `read_record` takes it
        self._between = True
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place)
        os.rename(place + PARTIAL, place)
        self._between = False

    def append_metrics(self, lines: str) -> None:
        self._metrics.append(os.path.join(self._folder, METRICS), lines)

    def write_artifact(self, name: str, content: bytes) -> None:
        place = os.path.normpath(os.path.join(ARTIFACTS, name))
        if os.path.isabs(name) or "\0" in name or not place.startswith(ARTIFACTS + os.sep):
            raise ValueError(f"{name!r} is no artifact name: give a relative path of plain names")
        try:
            self._write(place, content)
        except FileNotFoundError:
            make_below(self._folder, os.path.dirname(place))
            self._write(place, content)

    def begin_package(self, limit: int | None) -> Package:
        number = 0
        while True:
            try:
                self._packages.append(Package(os.path.join(self._folder, f".package-{number}"), limit))
                return self._packages[-1]
            except FileExistsError:
                number += 1

    def keep_package(self, package: Package, name: str) -> str:
        if not name or "/" in name or name.startswith(".") or "\0" in name or name in (RECORD, METRICS, ARTIFACTS):
            raise ValueError(f"{name!r} is no name for a model: give a plain name")
        taken, number = name, 1
        while os.path.lexists(os.path.join(self._folder, taken)):
            number += 1
            taken = f"{name}-{number}"
        place = os.path.join(self._folder, taken)
        try:
            package.seal(place)
            return taken
        except BaseException:
            if not os.path.lexists(package.folder):  # interrupted before anybody was told its name
                with contextlib.suppress(OSError):
                    os.rename(place, package.folder)
            raise

    def finish(self) -> None:
        if self._finished:
            return
        for package in self._packages:
            if not package.sealed:
                package.discard()
        opened, target = self._folder, os.path.join(self._store, os.path.basename(self._folder))
        # files were made with the umask of now; the folder gets what they have, and may be entered where it may be read
        mode = os.stat(os.path.join(opened, RECORD)).st_mode & 0o666
        inherited = os.stat(opened).st_mode & stat.S_ISGID  # of a folder that a group shares
        os.chmod(opened, inherited | mode | 0o700 | (mode & 0o444) >> 2)
        try:  # said before it is done, so that an interruption between the two finds the run where it is
            self._folder, self._finished = target, True
            os.rename(opened, target)
        except BaseException as error:
            if isinstance(error, OSError) or os.path.isdir(opened):
                self._folder, self._finished = opened, False
            raise

    def discard(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder)  # says what kept it from being removed

    def mend(self, record: Mapping[str, Any] | None, half: Iterable[str]) -> None:
        if record is not None:
            own = os.path.join(self._folder, f"{RECORD}.{os.urandom(4).hex()}{PARTIAL}")
            write_whole(own, to_bytes(record))
            # one that sweeps here too may have taken it for half done: it writes the same record itself
            with contextlib.suppress(FileNotFoundError):
                os.replace(own, os.path.join(self._folder, RECORD))
        for name in half:
            remove(Path(self._folder, name))

    def _write(self, name: str, content: bytes) -> None:
        """Writes a file: in place while nobody but us reads the run, else by rename, so that none sees half of it."""
        place = os.path.join(self._folder, name)
        if not self._finished and not os.path.lexists(place):
            write_whole(place, content)
            return
        write_whole(place + PARTIAL, content)
        os.rename(place + PARTIAL, place)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{folder} cannot be read: {error.strerror}") from None
