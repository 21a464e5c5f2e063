"""Writing a run: what is buffered, when it reaches the store, how the run ends, and what happens if the store fails."""

from __future__ import annotations

import os
import posixpath
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from errno import EEXIST
from pathlib import Path
from typing import Any, Protocol

from fitprint._core import background, process_state, work_queue
from fitprint._core.guard import guarded
from fitprint._core.locks import fork_safe_lock
from fitprint._core.privacy import Redactor
from fitprint._core.process import this_process
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._core.signal_handlers import is_of_program, own, suppress_own
from fitprint._runs import adder, lease, store_breaker, waiting
from fitprint._runs.adder import RunAdder
from fitprint._runs.metrics import MOST_BUFFERED, MetricBuffer
from fitprint._runs.params import PreparedParam
from fitprint._runs.record import FINISHED, RUNNING, Record, Skip, now
from fitprint.models.package import Package
from fitprint.stores import OpenRun
from fitprint.stores.layout import ARTIFACTS

BURST, SHARE = 0.05, 0.05
"""The seconds of writing that the user's changes take at once, and the share of the time that they take beyond that.

Each write takes time in proportion to the whole record, so thousands of changes must not be written one by one.
"""


class StepsBefore(Protocol):
    """The steps that metrics have from earlier; see `_runs.resume`."""

    def following(self, name: str, steps: Sequence[int]) -> Sequence[int]:
        """Return the steps that new values of a metric get."""


class RunWriter(RunAdder):
    """Writes one run into its store, for the recorder and for the methods of `Run`.

    It belongs to the process that created it. In a forked child everything that writes raises RuntimeError; there and
    in all other processes a `SideWriter` adds to the run.
    """

    def __init__(self, record: Record, location: str, open_run: OpenRun, redactor: Redactor | None = None) -> None:
        super().__init__(record.run_id, location, redactor)
        writers[location, record.run_id] = self
        self.record = record
        """The content of ``run.json``, as it is written next."""
        self.claimed = False
        """Whether a training call is recorded on this run. Each further call becomes a child run."""
        self.group: Any = None
        """If it is the run of a call that groups others: the `Group` with the runs below it."""
        self.steps_before: StepsBefore | None = None
        """If an earlier start of the same job has begun the run: the steps that its metrics have from there."""
        self.changed_by_user = False
        """Whether the user, and not only a recording, has added to the run."""
        self._open_run = open_run
        self.process, self._pid = process_state.process, os.getpid()
        self._lock = fork_safe_lock(threading.RLock)
        self._artifact_names = set(record.artifacts)
        self._artifact_spellings = {name.casefold(): name for name in record.artifacts}
        self._metrics = MetricBuffer()
        self._closing: Callable[[], None] | None = None
        self._flushed = self._paced = time.monotonic()
        self._allowance = BURST
        self._waits = False
        self._begun = self._flushed
        self._long_from = self._begun + min(adder.WATCHED, adder.LONG)
        self._is_watched = False
        self._lease = lease.hold_at_once(open_run)
        self.at_end: list[Callable[[], None]] = []
        """Ends what a thread of fitprint's own does for this run."""
        self.when_long: Callable[[], None] | None = None
        """Called once, in a thread of the user's, when a value is added to the run after some seconds."""

    @property
    def path(self) -> Path:
        return self._open_run.path

    @property
    def final_path(self) -> Path:
        """The folder of the run after its end."""
        return self._open_run.final_path

    @property
    def written_here(self) -> bool:
        """Whether this process created the run, and not a parent that it was forked from."""
        return self.process is process_state.process

    @property
    def closed(self) -> bool:
        """Whether the end of the run has been written."""
        return self.record.end is not None and self._closing is None

    def settle(self) -> None:
        """Give the run its final folder now."""
        self._owned().settle()

    # adding to the run; the record is written by the next flush

    def rename(self, name: str) -> None:
        self.record.name = name

    def _set_tags(self, tags: Mapping[str, str], timestamp: float | None) -> None:
        with self._lock:
            self.record.tags.update(tags)
            if timestamp is not None:
                self.record.tag_times.update(dict.fromkeys(tags, timestamp))

    def _set_param(self, name: str, param: PreparedParam) -> None:
        with self._lock:
            hidden_name = self.hide(name)
            self.record.params[hidden_name] = param.value
            self.record.default_params.pop(hidden_name, None)
            if param.hidden:
                self.secrets.hidden[name] = param.hidden

    def add_default_params(self, names: Iterable[str]) -> None:
        """Note which of the params that were added have the default values of the framework."""
        with self._lock:
            known = self.record.params
            self.record.default_params.update({name: None for name in names if name in known})

    def add_series(self, name: str, values: Sequence[float], steps: Sequence[int], times: Sequence[float]) -> None:
        with self._lock:
            name = self.secrets.redactor.text(name)
            if self.steps_before is not None:
                steps = self.steps_before.following(name, steps)
            last = self._metrics.add(name, values, steps, times)
            if last is not None:
                self.record.metrics[name] = last
            if len(self._metrics) > MOST_BUFFERED:
                self._try_to_write()

    def _set_evaluation(self, name: str, facts: dict[str, Any]) -> None:
        with self._lock:
            self.record.evaluations[name] = facts

    def write_artifact(self, name: str, content: bytes) -> None:
        name = posixpath.normpath(name)
        with self._store_operation():
            if name not in self._artifact_names:
                self._check_spelling(name)
            self._owned().write_artifact(name, content)
        if name not in self._artifact_names:
            self._artifact_names.add(name)
            self._artifact_spellings.setdefault(name.casefold(), name)
            self.record.artifacts.append(name)

    def _check_spelling(self, name: str) -> None:
        """Raise FileExistsError if the disk takes a new name for that of another artifact, as some take `A` for `a`."""
        other = self._artifact_spellings.get(name.casefold())
        if other is not None and (self.path / ARTIFACTS / name).exists():
            reason = f"this disk does not distinguish its name from that of the artifact {other!r}"
            raise FileExistsError(
                EEXIST, f"the artifact {name!r} cannot be written, because {reason}: give another name"
            )

    def begin_package(self, limit: int | None) -> Package:
        with self._store_operation():
            package = self._owned().begin_package(limit)
        package.on_fault = self._handle_fault
        return package

    def keep_package(self, package: Package, name: str, about: Mapping[str, Any], replaces: bool = False) -> str:
        open_run = self._owned()
        with self._lock:  # because the record may be written meanwhile, by another thread
            # in one statement, so that no package exists that the record does not name
            self.record.models[kept_name := open_run.keep_package(package, name, replaces)] = dict(about)
        return kept_name

    def skip(self, what: str, rule: str, reason: str) -> None:
        skip = Skip(what, rule, reason)
        if skip not in self.record.skipped:
            self.record.skipped.append(skip)

    # writing what was added

    def write(self) -> None:
        with self._lock, self._store_operation():
            self._write_all()

    def flush_metrics(self) -> None:
        self.read_sources()
        with self._lock:
            if self._metrics:
                with self._store_operation():
                    self._write_metrics()

    def change(self, metrics_only: bool = False) -> _Change:
        """Return a context manager that writes what the user changes in it, at once or together with more of it."""
        self.changed_by_user = True
        return _Change(self, metrics_only)

    # the end of the run

    def end(self, status: str = FINISHED) -> None:
        """End the run: write the record, and move the folder of the run to the finished ones.

        If this raises OSError, the run waits, and it is ended when the next run begins in its store.
        """
        work_queue.wait(self.run_id)
        self.read_sources()
        with self._lock:
            if self.record.status == RUNNING or self.record.end is None:
                self._owned()
                self._closing = self._finish
                self.record.status = status
                self.record.end = now()
            self.close()
            self.secrets.hidden.clear()

    def resume(self) -> None:
        """Open the run again after its end. Its folder stays where it is.

        Raises:
            OSError: If the record cannot be written.
        """
        with self._lock:
            self.record.status, self.record.end, self.record.process = RUNNING, None, this_process()
            self.write()
            self._lease = lease.hold_at_once(self._open_run)
            self._is_watched = False
            self._long_from = time.monotonic() + adder.WATCHED

    def discard(self) -> None:
        """Delete the run, as if it had never begun."""
        work_queue.wait(self.run_id)
        self._closing = self._owned().discard
        self.close()

    def close(self) -> None:
        """Complete what `end` or `discard` began and could not complete. Does nothing otherwise."""
        with self._lock:
            closing = self._closing
            if closing is None:
                return
            if self._is_watched:
                background.call_no_more(self._write_what_is_left)
            self._end_lease()
            while self.at_end:
                self.at_end.pop()()
            try:
                with suppress_own(OSError):  # network file systems have errors that pass, so this tries twice
                    closing()
                    self._closing = None
                if self._closing is not None:
                    closing()
                    self._closing = None
            except BaseException as error:
                if not isinstance(error, OSError) or is_of_program(error) or self._handle_fault(error):
                    store_breaker.enqueue(self._location, self)
                raise
        store_breaker.reset(self._location)

    def _finish(self) -> None:
        self._write_all()
        self._owned().finish()

    def _write_all(self) -> None:
        self._flushed = time.monotonic()
        if self._metrics.dropped:
            reason = f"the store could not be written, and more than {MOST_BUFFERED:,} values were not kept"
            self.skip("per-iteration metrics", "store", reason)
        self._write_metrics()
        self.record.redact(self.secrets.hide, self.secrets.clean)
        self._owned().write_record(self.record.to_json())
        self._allowance -= time.monotonic() - self._flushed
        if self._waits:
            self._waits = False
            waiting.forget(self)

    def _write_metrics(self) -> None:
        """Write the values that are buffered. If this raises OSError, they stay in the buffer."""
        if self._metrics:
            self._owned().append_metrics(self._metrics.text())
            self._metrics.clear()

    def _may_write(self) -> bool:
        """Return whether writing has not taken more than its share of the time yet."""
        now = time.monotonic()
        self._allowance = min(BURST, self._allowance + SHARE * (now - self._paced))
        self._paced = now
        return self._allowance > 0

    def _write_later(self) -> None:
        """Have the run written together with later changes, when a run is read or begun here, and at exit."""
        self._waits = True
        waiting.write_later(self)

    def _try_to_write(self) -> None:
        with self._lock:
            try:
                self.write()
            except own(OSError):
                self._metrics.drop_excess()

    def _note_long(self) -> None:
        self._is_watched = True
        if self._lease is None:
            self._lease = lease.hold(self._open_run)
        background.call_every(adder.WATCHED, self._write_what_is_left)
        is_telling = self.when_long is not None
        self._long_from = self._begun + adder.LONG if is_telling else float("inf")
        if is_telling and time.monotonic() >= self._long_from:
            tell, self.when_long = self.when_long, None
            self._long_from = float("inf")
            if tell is not None:
                tell()

    def _write_what_is_left(self) -> None:
        """Write values that have waited for a second. A thread does this, and not for short runs."""
        self.read_sources(wait=False)  # of several sources one may rest while another one does not
        with self._lock:
            is_due = time.monotonic() - self._flushed >= adder.FLUSH_INTERVAL
            if is_due and self._metrics and not self.closed:
                self._try_to_write()

    def prepare_fork(self) -> None:
        """Write what is left now: the thread that does it ends before a fork, and begins again with the next value."""
        has_thread = self._is_watched or self._lease is not None or self.at_end
        if has_thread and self.written_here and not self.closed:
            self._end_lease()
            self._write_what_is_left()
            self._long_from = float("-inf")

    def _end_lease(self) -> None:
        ending, self._lease = self._lease, None
        if ending is not None:
            ending.end()

    def _write_or_wait(self) -> None:
        """Write a run that has ended; if the store fails, when it works again."""
        try:
            self.write()
        except own(OSError) as error:
            if not self.is_lost(error):
                raise
            if not self._is_gone():
                self._write_later()

    def _owned(self) -> OpenRun:
        """Return the open run.

        Raises:
            RuntimeError: This process is a forked child.
        """
        if not self.written_here:
            raise RuntimeError(f"run {self.run_id} belongs to process {self._pid}: log to it there")
        return self._open_run

    def _is_gone(self) -> bool:
        return _is_gone(self.path)


class _Change:
    """Changes of a run by the user: written at once, and together if there are many."""

    def __init__(self, writer: RunWriter, metrics_only: bool) -> None:
        self._writer = writer
        self._metrics_only = metrics_only

    def __enter__(self) -> None:
        self._writer._owned()
        if self._metrics_only:
            self._writer.read_sources(wait=False)  # first, because what is kept is older
        self._writer._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        writer = self._writer
        try:
            if kind is not None:
                return
            if not writer._may_write():
                writer._write_later()
                writer.note_if_long(time.monotonic())
            elif writer.record.status != RUNNING:
                writer._write_or_wait()
            elif self._metrics_only:
                writer.flush_if_due()
            else:
                writer._try_to_write()
        finally:
            writer._lock.release()


def _is_gone(folder: Path) -> bool:
    try:
        os.stat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except own(OSError):
        return False
    return False


writers: weakref.WeakValueDictionary[tuple[str, str], RunWriter] = weakref.WeakValueDictionary()
"""The writers of this process that are still in use, by the location of the store and the id of the run."""
in_forked_child(on_reset(writers.clear))


def _prepare_fork() -> None:
    with guarded("metrics before a fork"):
        for writer in list(writers.values()):
            writer.prepare_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_prepare_fork)
