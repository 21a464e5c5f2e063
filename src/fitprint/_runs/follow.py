"""Following a run while another process writes it: each time, what was added since the last time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fitprint._core.plain_files import open_plain
from fitprint._core.signal_handlers import own
from fitprint._runs.history import FILE
from fitprint._runs.merge import read_whole_record
from fitprint._runs.record import Record
from fitprint._runs.series import UNREADABLE, Series, from_document
from fitprint.stores import Store, StoreError
from fitprint.stores.layout import ALSO, SIDE_FILE

_MOST_AT_ONCE = 4_000_000
"""The bytes that are read of a file in one step, so that a long history never is in memory as a whole."""


class News(NamedTuple):
    """What is new in a run."""

    record: Record
    """The record, as it is now."""
    series: list[Series]
    """The values that were added, those of each process in their order."""
    is_all: bool
    """Whether the files have nothing more to read at this moment."""


class RunFollower:
    """Reads a run again and again, and each time only what was added to it.

    The folder is looked up each time, because a run moves when it ends.

    Args:
        store: The store of the run.
        run_id: The id of the run.
    """

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._read: dict[str, int] = {}
        """How many bytes of each file have been read, by its path in the folder of the run."""

    def skip(self) -> None:
        """Pass over the values that the run has now."""
        folder = self._store.folder(self._run_id)
        for name in _files(folder):
            self._read[name] = _end_of_lines(folder / name)

    def news(self) -> News:
        """Return what was added since the last call; of a long history one part at a time.

        Raises:
            UnknownRunError: The run has been removed.
            StoreError: The run cannot be read.
        """
        record = read_whole_record(self._store, self._run_id)  # first, so that values of its last moment are not missed
        folder = self._store.folder(self._run_id)
        series: list[Series] = []
        is_all = True
        for name in _files(folder):
            content = _read_file(folder / name, self._read.get(name, 0))
            is_all &= len(content) < _MOST_AT_ONCE
            lines = content[: content.rfind(b"\n") + 1]  # the last one may be half written
            self._read[name] = self._read.get(name, 0) + len(lines)
            series += _series(lines)
        return News(record, series, is_all)


def _files(folder: Path) -> list[str]:
    """Return the files of a run that may have values of metrics."""
    return [FILE, *sorted(f"{ALSO}/{path.name}" for path in folder.glob(f"{ALSO}/*{SIDE_FILE}"))]


def _read_file(path: Path, start: int) -> bytes:
    """Return what a file has from a position on, up to a bound; nothing if it is moved meanwhile."""
    try:
        with open_plain(path) as file:
            file.seek(start)
            return file.read(_MOST_AT_ONCE)
    except FileNotFoundError:
        return b""
    except own(OSError) as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None


def _end_of_lines(path: Path) -> int:
    """Return the position after the last whole line of a file."""
    try:
        with open_plain(path) as file:
            size = file.seek(0, 2)
            start = file.seek(max(0, size - _MOST_AT_ONCE))
            return start + file.read(_MOST_AT_ONCE).rfind(b"\n") + 1
    except FileNotFoundError:
        return 0
    except own(OSError) as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None


def _series(content: bytes) -> Iterator[Series]:
    for line in content.splitlines():
        try:
            document = json.loads(line)
            is_metric = document.get("kind", "metric") == "metric"
            series = from_document(document) if is_metric else None
        except UNREADABLE:
            continue
        if series is not None:
            yield series
