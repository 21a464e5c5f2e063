"""For scripts that run with the library of `failing_files.c`: faults at will, and what must hold after each."""

from __future__ import annotations

import ctypes
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fitprint
from fitprint._runs import store_breaker

ONCE, FROM_THEN_ON, TAKE_AWAY = 1, 2, 3
STORE = Path(os.environ["FITPRINT_STORE"])
AWAY = Path(f"{STORE}.away")

_library = ctypes.CDLL(None)
_library.faults_failed.restype = _library.faults_tried.restype = ctypes.c_char_p
lines: list[str] = []
"""What was logged."""


class _Kept(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        lines.append(record.getMessage())


logging.getLogger("fitprint").addHandler(_Kept())


@contextmanager
def fault(number: int = 0, error: int = 0, how: int = ONCE) -> Iterator[list[object]]:
    """Lets the operation of this number in the store fail. Gives the count of operations and the one that failed."""
    found: list[object] = []
    _library.faults_begin(os.fsencode(STORE), ctypes.c_long(number), error, how)
    try:
        yield found
    finally:
        found.append(_library.faults_end())
        found.append(_library.faults_failed().decode())


def tried() -> list[str]:
    """The changes that were tried outside of the only folder that may be written."""
    return _library.faults_tried().decode().splitlines()


def a_minute_later() -> None:
    """Stores that rest are tried again."""
    for value in store_breaker.breakers.values():
        value.until = float("-inf")


def empty_store() -> None:
    """The store is there, with nothing in it."""
    for place in (STORE, AWAY):
        shutil.rmtree(place, ignore_errors=True)
    (STORE / ".open").mkdir(parents=True)
    store_breaker.breakers.clear()
    fitprint._core.guard.reset_warned()
    lines.clear()


def half_done(place: Path = STORE) -> list[str]:
    """Packages that are not complete, and files that bear the name of a half-written one."""
    return [
        str(path.relative_to(place))
        for path in place.rglob("*")
        if path.name.startswith(".package-")
        or path.name.endswith(".partial")
        or (path.is_dir() and path.name.startswith("model") and not (path / "checksums.json").exists())
    ]


def is_complete(run: fitprint.Run) -> bool:
    """Whether everything of a run was recorded, and its package is what its checksums say."""
    lost = [skip for skip in run.skipped if skip.rule in ("error", "store", "interrupted")]
    if run.status != "FINISHED" or lost or not run.params or run.model_path is None:
        return False
    listed = json.loads((run.model_path / "checksums.json").read_text())
    found = {
        str(path.relative_to(run.model_path)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in run.model_path.rglob("*")
        if path.is_file() and path.name != "checksums.json"
    }
    missing = [name for name in run.artifacts if not (run.path / "artifacts" / name).exists()]
    history = [run.metric_history(name) for name in run.metrics]
    return listed == found and not missing and all(len(values) == len({*values}) > 0 for values in history)


def counted(flavor: str) -> tuple[int, int]:
    """What `status()` tells of training calls: how many are recorded, and what was left out for want of a store."""
    (row,) = [status for status in fitprint.status() if status.name == flavor]
    return row.runs, row.skips.get("store", 0)
