"""The side of a run that writes: what is buffered, how it ends, and what a fault of the store means for it."""

from __future__ import annotations

import contextlib
import os
import posixpath
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from errno import ENAMETOOLONG
from pathlib import Path
from typing import Any

from fitprint._core.locks import fork_safe_lock
from fitprint._core.privacy import Redactor, in_force
from fitprint._runs import store_breaker as resting
from fitprint._runs.metric_buffer import MOST_KEPT, History
from fitprint._runs.params import KeptParam, Secrets, kept
from fitprint._runs.record import FINISHED, RUNNING, Record, Skip, now
from fitprint._runs.view import RunFacts
from fitprint.models.package import Package
from fitprint.stores import OpenRun, Store

_BEHIND = 1.0
"""Seconds after which buffered metrics and changed params are written, while a run is open."""


class WrittenRun(RunFacts):
    """A run as the recorder writes it; in other processes than the one that made it, it can only be read."""

    def __init__(
        self, record: Record, store: Store, writer: OpenRun | None = None, redactor: Redactor | None = None
    ) -> None:
        super().__init__(record, store, writer)
        self.claimed = False
        """Whether a training call has taken this run: each further one becomes a child."""
        self.secrets = Secrets(redactor or in_force())
        self._pid = os.getpid()
        self._lock = fork_safe_lock(threading.RLock)
        self._history = History()
        self._closing: Callable[[], None] | None = None
        self._written = time.monotonic()
        self._added = self._slow_until = float("-inf")
        self.fault: OSError | None = None
        """The error that made the store rest; it has been said."""

    @property
    def record(self) -> Record:
        """What stands in ``run.json``; for the recorder, which writes it at the end."""
        return self._record

    @property
    def written_here(self) -> bool:
        """Whether this process made the run, and no parent that it was forked from."""
        return os.getpid() == self._pid

    def store_artifact(self, name: str, content: bytes) -> None:
        """Writes a file below ``artifacts/``; the record follows when it is next written."""
        name = posixpath.normpath(name)
        with self._storing():
            self._owned().write_artifact(name, content)
        if name not in self._record.artifacts:
            self._record.artifacts.append(name)

    def discard(self) -> None:
        """Removes the run, as if it had never begun."""
        self._closing = self._owned().discard
        self.close()

    def add_tags(self, tags: Mapping[str, str]) -> None:
        """Adds tags; the record follows when it is next written."""
        with self._lock:
            self._record.tags.update(tags)

    def add_param(self, name: str, value: Any) -> None:
        """Adds a param of any kind; the record follows when it is next written."""
        self.keep_param(name, self.kept_param(name, value))

    def kept_param(self, name: str, value: Any) -> KeptParam:
        """A param as this run keeps it. Raises whatever the value's own ``repr`` raises."""
        return kept(name, value, self.secrets.redactor)

    def keep_param(self, name: str, param: KeptParam) -> None:
        """Keeps a param; where its artifact cannot be written, the run says so."""
        if param.file is not None:
            try:
                self.store_artifact(*param.file)
            except OSError as error:
                self.skip(f"the whole of param {name}", "store", error.strerror or str(error))
        with self._lock:
            self._record.params[self.hide(name)] = param.value
            if param.hidden:
                self.secrets.hidden[name] = param.hidden

    def hide(self, text: str) -> str:
        """A text about this run with what is secret in it hidden."""
        return self.secrets.hide(text)

    def skip(self, what: str, rule: str, reason: str) -> None:
        """Keeps a reason for what was not recorded; the same one once."""
        found = Skip(what, rule, reason)
        if found not in self._record.skipped:
            self._record.skipped.append(found)

    def add_metric(self, name: str, value: float, step: int, stamp: float) -> None:
        """Adds a value to the history, buffered; ``stamp`` in seconds of the epoch."""
        self.add_series(name, (value,), step, (stamp,))

    def add_series(self, name: str, values: Sequence[float], first_step: int, stamps: Sequence[float]) -> None:
        """Adds the values of consecutive steps to the history, buffered."""
        with self._lock:
            name = self.secrets.redactor.text(name)
            value = self._history.add(name, values, first_step, stamps)
            if value is not None:
                self._record.metrics[name] = value

    def flush_if_behind(self) -> None:
        """Writes what is buffered: once a second while values come fast, at once when they come slowly.

        What cannot be written is kept: the next time, or the end of the run, writes it.
        """
        now = time.monotonic()
        if now - self._added >= _BEHIND:
            self._slow_until = now + _BEHIND  # the first of several after a pause: the others belong with it
        self._added = now
        if now - self._written >= _BEHIND or now < self._slow_until:
            with self._lock:
                self._try_to_flush()

    def begin_package(self, limit: int | None) -> Package:
        with self._storing():
            package = self._owned().begin_package(limit)
        package.on_fault = self._faulted
        return package

    def keep_package(self, package: Package, name: str, about: Mapping[str, Any]) -> str:
        """Seals a package as one of this run's. Returns the name it got; the record follows when it is next written."""
        writer = self._owned()
        # one statement: no package is there that the record does not name
        self._record.models[got := writer.keep_package(package, name)] = dict(about)
        return got

    def write(self) -> None:
        """Writes the record as it is now."""
        with self._lock:
            self._flush()

    def end(self, status: str = FINISHED) -> None:
        """Ends the run: its record is written and its folder is put among the finished ones.

        Raises OSError where that fails. The run then waits, and is ended when a run next begins in its store.
        """
        with self._lock:
            if self._record.status == RUNNING or self._record.end is None:
                self._owned()
                self._closing = self._put_away
                self._record.status = status
                self._record.end = now()
            self.close()
            self.secrets.hidden.clear()

    def close(self) -> None:
        """Does what `end` or `discard` began and could not do to its end; else nothing."""
        with self._lock:
            closing = self._closing
            if closing is None:
                return
            try:
                with contextlib.suppress(OSError):  # one that passes costs nothing, as a network's file system has them
                    closing()
                    self._closing = None
                if self._closing is not None:
                    closing()
                    self._closing = None
            except BaseException as error:
                if not isinstance(error, OSError) or self._faulted(error):
                    resting.wait(self._store.location, self)
                raise
        resting.forget(self._store.location)

    @property
    def closed(self) -> bool:
        """Whether its end is written."""
        return self._record.end is not None and self._closing is None

    def _owned(self) -> OpenRun:
        if self._writer is None:
            raise RuntimeError(f"run {self.run_id} was read back: open it with start_run(run_id={self.run_id!r})")
        if not self.written_here:
            raise RuntimeError(f"run {self.run_id} belongs to process {self._pid}: log to it there")
        return self._writer

    def _write_buffered(self) -> None:
        with self._lock:
            if self._history.waits:
                with self._storing():
                    self._history.write(self._owned())

    def _flush(self) -> None:
        with self._storing():
            self._write_all()

    def _try_to_flush(self) -> None:
        try:
            self._flush()
        except OSError:
            self._history.bound()

    def _write_all(self) -> None:
        self._written = time.monotonic()
        if self._history.given_up:
            reason = f"the store could not be written: more than {MOST_KEPT:,} values were not kept"
            self.skip("per-iteration metrics", "store", reason)
        self._history.write(self._owned())
        self._record.hide(self.secrets.hide)
        self._owned().write_record(self._record.to_json())

    def _put_away(self) -> None:
        self._write_all()
        self._owned().finish()

    @contextlib.contextmanager
    def _storing(self) -> Iterator[None]:
        """Surrounds file operations of an open run: none while the store rests, and a fault makes it rest."""
        resting.check(self._store.location)
        try:
            yield
        except OSError as error:
            self._faulted(error)
            raise

    def _faulted(self, error: OSError) -> bool:
        """Notes an error of the run's own files. False where its folder is gone: nothing can be written there again."""
        if _is_gone(self.path):
            return False
        if error.errno != ENAMETOOLONG:  # which says something of a name alone
            self.fault = error
            resting.rest(self._store.location, error)
        return True


def _is_gone(folder: Path) -> bool:
    try:
        os.stat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
