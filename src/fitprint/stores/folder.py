"""The folder store: a folder per run, open ones below ``.open/``, moved by one rename when they end.

No lock and no index: many processes and machines on a POSIX file system share a store.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fitprint._json import to_bytes
from fitprint.models.package import Package
from fitprint.stores.contract import OpenRun, Store, StoreError, UnknownRunError

OPEN = ".open"
RECORD = "run.json"
METRICS = "metrics.jsonl"
ARTIFACTS = "artifacts"
PARTIAL = ".partial"
_RUN_ID = re.compile(r"[0-9a-f]{32}")


class FolderStore(Store):
    """Runs in one folder."""

    def __init__(self, location: str) -> None:
        self.location = location
        self._open = os.path.join(location, OPEN)

    def begin(self, run_id: str) -> OpenRun:
        folder = os.path.join(self._open, run_id)
        try:
            os.mkdir(folder, 0o700)  # nobody reads what is half written; `finish` gives what the umask allows
        except FileNotFoundError:
            os.makedirs(self._open, exist_ok=True)
            os.mkdir(folder, 0o700)
        return OpenFolder(self.location, folder)

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
            try:
                content = _read_record(f"{place}/{run_id}/{RECORD}")
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise StoreError(f"{place}/{run_id}/{RECORD} cannot be read: {error.strerror}") from None
            return _record(content, f"{place}/{run_id}/{RECORD}")
        raise UnknownRunError(f"no run {run_id} in {self.location}")


class OpenFolder(OpenRun):
    """The folder of a run being written; ``finished``: an ended run that is added to."""

    def __init__(self, store: str, folder: str, finished: bool = False) -> None:
        self._store = store
        self._folder = folder
        self._finished = finished

    @property
    def path(self) -> Path:
        return Path(self._folder)

    def write_record(self, record: Mapping[str, Any]) -> None:
        place = os.path.join(self._folder, RECORD)
        _write_whole(place + PARTIAL, to_bytes(record))
        # a rename over a file makes some file systems write it to the disk there and then, a millisecond each time; in
        # the moment without the file the one beside it is whole, and `read_record` takes it
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place)
        os.rename(place + PARTIAL, place)

    def append_metrics(self, lines: str) -> None:
        with open(os.path.join(self._folder, METRICS), "a", encoding="utf-8") as file:
            file.write(lines)

    def write_artifact(self, name: str, content: bytes) -> None:
        place = os.path.normpath(os.path.join(ARTIFACTS, name))
        if os.path.isabs(name) or "\0" in name or not place.startswith(ARTIFACTS + os.sep):
            raise ValueError(f"{name!r} is no artifact name: give a relative path of plain names")
        try:
            self._write(place, content)
        except FileNotFoundError:
            os.makedirs(os.path.join(self._folder, os.path.dirname(place)), exist_ok=True)
            self._write(place, content)

    def begin_package(self, limit: int | None) -> Package:
        number = 0
        while True:
            try:
                return Package(os.path.join(self._folder, f".package-{number}"), limit)
            except FileExistsError:
                number += 1

    def keep_package(self, package: Package, name: str) -> str:
        if not name or "/" in name or name.startswith(".") or "\0" in name or name in (RECORD, METRICS, ARTIFACTS):
            raise ValueError(f"{name!r} is no name for a model: give a plain name")
        taken, number = name, 1
        while os.path.lexists(os.path.join(self._folder, taken)):
            number += 1
            taken = f"{name}-{number}"
        package.seal(os.path.join(self._folder, taken))
        return taken

    def finish(self) -> None:
        if self._finished:
            return
        target = os.path.join(self._store, os.path.basename(self._folder))
        # files were made with the umask of now; the folder gets what they have, and may be entered where it may be read
        mode = os.stat(os.path.join(self._folder, RECORD)).st_mode & 0o666
        inherited = os.stat(self._folder).st_mode & stat.S_ISGID  # of a folder that a group shares
        os.chmod(self._folder, inherited | mode | 0o700 | (mode & 0o444) >> 2)
        os.rename(self._folder, target)
        self._folder = target
        self._finished = True

    def discard(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write(self, name: str, content: bytes) -> None:
        """Writes a file: in place while nobody but us reads the run, else by rename, so that none sees half of it."""
        place = os.path.join(self._folder, name)
        if not self._finished and not os.path.lexists(place):
            _write_whole(place, content)
            return
        _write_whole(place + PARTIAL, content)
        os.rename(place + PARTIAL, place)


def _read_record(place: str) -> bytes:
    """The content of a ``run.json``, or of the whole one beside it that is about to take its place."""
    try:
        with open(place, "rb") as file:
            return file.read()
    except FileNotFoundError:
        with open(place + PARTIAL, "rb") as file:
            return file.read()


def _write_whole(place: str, content: bytes) -> None:
    with open(place, "wb", buffering=0) as file:
        view = memoryview(content)
        while view:
            view = view[file.write(view) :]


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{folder} cannot be read: {error.strerror}") from None


def _record(content: bytes, place: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise StoreError(f"{place} is broken: not JSON") from None
    if not isinstance(found, dict) or found.get("format") != 1:
        raise StoreError(f"{place} is of a format this fitprint does not read (format 1 wanted)")
    return found
