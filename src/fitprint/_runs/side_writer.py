"""Adding to a run from a process that does not write its record: a worker of any kind, or a later program.

Why each process has a file of its own: docs/adr/0009-several-writers.md.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fitprint._core.guard import guarded
from fitprint._core.locks import fork_safe_lock
from fitprint._core.privacy import Redactor, redactor_for
from fitprint._core.process import host, this_process
from fitprint._core.process_exit import call_at_exit
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._core.signal_handlers import own, suppress_own
from fitprint._runs import adder, lease, side_file
from fitprint._runs.adder import RunAdder
from fitprint._runs.metrics import MOST_BUFFERED, MetricBuffer
from fitprint._runs.params import PreparedParam
from fitprint._runs.side_file import SideLine
from fitprint.models.package import Package
from fitprint.stores import JoinedRun, UnknownRunError, open_store

_writers: weakref.WeakValueDictionary[tuple[str, str], SideWriter] = weakref.WeakValueDictionary()
"""The writers of this process by the location of the store and the id of the run: each has one side file."""
_unwritten: set[SideWriter] = set()
"""The writers with lines that are not written yet, which keeps them alive."""
_lock = fork_safe_lock()
_process_id = ""
"""Tells the side files of this process from those of other processes with the same number on a host of this name."""


Patterns = tuple[tuple[str, ...], tuple[str, ...]]
"""The patterns that a redactor is made of."""


def side_writer(location: str, run_id: str, patterns: Patterns | None = None) -> SideWriter:
    """Return the writer with which this process adds to a run of another process.

    Nothing is written, nor is the run looked up, before something is added.

    Args:
        location: The location of the store.
        run_id: The id of the run.
        patterns: The patterns of the run's redactor, as `Redactor.patterns` has them, or None for those in force here.

    Returns:
        The writer. It is the same one for each call in a process, and it pickles: in another process it becomes the
        writer of that process.
    """
    with _lock:
        writer = _writers.get((location, run_id))
        if writer is None:
            redactor = redactor_for(*patterns) if patterns is not None else None
            writer = _writers[location, run_id] = SideWriter(location, run_id, redactor)
    return writer


class _WriteTimer(threading.Timer):
    """A timer with a class of fitprint's own, by which its thread is told from those that run user code."""


class SideWriter(RunAdder):
    """Appends to the side file that this process has for one run, and never changes the run's record.

    What is added reaches the store within a second, and at the end of the process. Use `side_writer` to get one. It may
    be used from any thread; in a forked child it is the writer of that child.
    """

    def __init__(self, location: str, run_id: str, redactor: Redactor | None = None) -> None:
        super().__init__(run_id, location, redactor)
        self._lock = fork_safe_lock(threading.RLock)
        self._start_anew()

    def _start_anew(self) -> None:
        self._joined: JoinedRun | None = None
        self._lines: list[str] = []
        self._metrics = MetricBuffer()
        self._skips: set[tuple[str, str, str]] = set()
        self._added = self._slow_until = self._flushed = float("-inf")
        self._timer: threading.Timer | None = None
        self._lease: lease.Lease | None = None

    def __reduce__(self) -> tuple[Callable[..., SideWriter], tuple[Any, ...]]:
        return side_writer, (self._location, self.run_id, self.secrets.redactor.patterns)

    @property
    def path(self) -> Path:
        return open_store(self._location).folder(self.run_id)

    # adding to the run

    def rename(self, name: str) -> None:
        self._add(side_file.NAME, "", self.hide(name))

    def _set_tags(self, tags: Mapping[str, str], timestamp: float | None) -> None:
        with self._lock:
            for name, value in tags.items():
                self._add(side_file.TAG, self.hide(name), self.hide(value), timestamp)

    def _set_param(self, name: str, param: PreparedParam) -> None:
        with self._lock:
            self._add(side_file.PARAM, self.hide(name), param.value)
            if param.hidden:
                self.secrets.hidden[name] = param.hidden

    def add_series(self, name: str, values: Sequence[float], steps: Sequence[int], times: Sequence[float]) -> None:
        with self._lock:
            name = self.secrets.redactor.text(name)
            self._metrics.add(name, values, steps, times)
            self._expect_writing()
            if len(self._metrics) > MOST_BUFFERED:
                self._try_to_write()

    def _set_evaluation(self, name: str, facts: dict[str, Any]) -> None:
        self._add(side_file.EVALUATION, name, facts)

    def write_artifact(self, name: str, content: bytes) -> None:
        name = posixpath.normpath(name)
        with self._lock:
            with self._store_operation():
                self._run().write_artifact(name, content)
            self._add(side_file.ARTIFACT, name)

    def begin_package(self, limit: int | None) -> Package:
        with self._store_operation():
            return self._run().begin_package(limit)

    def keep_package(self, package: Package, name: str, about: Mapping[str, Any], replaces: bool = False) -> str:
        kept_name = self._run().keep_package(package, name)
        self._add(side_file.MODEL, kept_name, dict(about))
        return kept_name

    def skip(self, what: str, rule: str, reason: str) -> None:
        with self._lock:
            if (what, rule, reason) not in self._skips:
                self._skips.add((what, rule, reason))
                self._add(side_file.SKIP, self.hide(what), [rule, self.hide(reason)])

    # a run that had ended

    def begin_again(self) -> None:
        """Open the run again, which has ended: from now on it reads as RUNNING.

        Raises:
            OSError: If it cannot be written.
        """
        self._add(side_file.BEGIN, "", this_process())
        self.write()
        with self._lock:
            self._lease = lease.hold_at_once(self._run())
            self._long_from = time.monotonic() + adder.WATCHED

    def end_again(self, status: str) -> None:
        """End the run that `begin_again` opened.

        Raises:
            OSError: If it cannot be written. It is tried again until the end of the process.
        """
        with self._lock:
            ending, self._lease, self._long_from = self._lease, None, float("inf")
        if ending is not None:
            ending.end()
        self._add(side_file.END, "", status)
        self.write()

    # writing what was added

    def write(self) -> None:
        with self._lock, self._store_operation():
            self._flushed = time.monotonic()
            if self._lines or self._metrics:
                self._run().append("".join(self._lines) + self._metrics.text(side_file.METRIC))
                self._forget()
            _unwritten.discard(self)

    def flush_metrics(self) -> None:
        self.read_sources()
        self.write()

    @contextlib.contextmanager
    def change(self, metrics_only: bool = False) -> Iterator[None]:
        with self._lock:
            yield
            if metrics_only:
                self.flush_if_due()
            else:
                self._try_to_write()

    def _note_long(self) -> None:
        """Hold a lease on the run that this process has opened again; again after a fork, which ends it."""
        if self._lease is None or not self._lease.is_held:
            self._lease = lease.hold(self._run())

    def _add(self, kind: str, name: str, value: Any = None, timestamp: float | None = None) -> None:
        line = SideLine(time.time() if timestamp is None else timestamp, kind, name, value).to_text()
        with self._lock:
            self._lines.append(line)
            self._expect_writing()

    def _expect_writing(self) -> None:
        """Make sure that what was added is written, even if nothing is added after it."""
        _unwritten.add(self)
        call_at_exit(write_all)
        if self._timer is None:
            self._timer = _WriteTimer(adder.FLUSH_INTERVAL, self._write_later)
            self._timer.daemon = True
            with suppress_own(RuntimeError):  # the interpreter is ending, and writes everything then
                self._timer.start()

    def _write_later(self) -> None:
        with guarded("writing to the run of another process"), self._lock:
            self._timer = None
            self._try_to_write()
            if self._lines or self._metrics:
                self._expect_writing()

    def _forget(self) -> None:
        self._lines.clear()
        self._metrics.clear()

    def _try_to_write(self) -> None:
        with self._lock:
            try:
                self.write()
            except own(OSError):
                excess = len(self._lines) - MOST_BUFFERED
                dropped = self._metrics.dropped
                self._metrics.drop_excess()
                if excess > 0 or self._metrics.dropped > dropped:
                    del self._lines[: max(0, excess + MOST_BUFFERED // 10)]
                    reason = f"the store could not be written, and more than {MOST_BUFFERED:,} lines were not kept"
                    self.skip("what another process added", "store", reason)

    def _run(self) -> JoinedRun:
        with self._lock:
            if self._joined is None:
                self._joined = open_store(self._location).join(self.run_id, _side_file_name())
            return self._joined

    def _is_gone(self) -> bool:
        try:
            return not self.path.is_dir()
        except UnknownRunError:
            self._forget()
            _unwritten.discard(self)
            return True
        except own(OSError):
            return False


def _side_file_name() -> str:
    global _process_id
    if not _process_id:
        _process_id = os.urandom(4).hex()
    return f"{re.sub(r'[^A-Za-z0-9.-]', '-', host())}-{os.getpid()}-{_process_id}".lstrip(".-")


def write_all() -> None:
    """Write what is not written yet: at the end of a task that was handed to this process, and of the process."""
    for writer in list(_unwritten):
        with guarded("writing to the run of another process"), suppress_own(OSError):
            writer.write()


@in_forked_child
def _start_anew() -> None:
    """In a forked child: what is not written yet is left to the parent, and the side files are others."""
    global _process_id
    _process_id = ""
    _unwritten.clear()
    for writer in list(_writers.values()):
        writer._start_anew()


@on_reset
def _forget_all() -> None:
    write_all()
    _unwritten.clear()
    _writers.clear()
