"""A run, as the user holds it: being written, or read back."""

from __future__ import annotations

import os
import posixpath
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fitprint._json import dumps, plain
from fitprint._locks import ForkSafeLock
from fitprint._run import artifacts
from fitprint._run.facts import RunFacts
from fitprint._run.numbers import number, whole_step
from fitprint._run.record import FINISHED, RUNNING, Record, Skip, now
from fitprint.models.package import Package
from fitprint.stores import OpenRun, Store

_BEHIND = 1.0
"""Seconds after which buffered metrics and changed params are written, while a run is open."""


class Run(RunFacts):
    """One recorded training call, or a stretch of code between `start_run` and `end_run`.

    A run being written belongs to the process that made it: elsewhere it can only be read.
    """

    def __init__(self, record: Record, store: Store, writer: OpenRun | None = None) -> None:
        super().__init__(record, store, writer)
        self._pid = os.getpid()
        self._lock = ForkSafeLock(threading.RLock)
        self._lines: list[str] = []
        self._written = time.monotonic()
        self._added = self._slow_until = float("-inf")
        self.claimed = False
        """Whether a training call has taken this run: each further one becomes a child."""

    # writing to it

    def log_param(self, key: str, value: Any) -> None:
        """Records a param; its value is kept as it is where JSON has it, else as its repr."""
        self.log_params({key: value})

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Records params."""
        with self._changing():
            self._record.params.update({str(name): plain(value) for name, value in params.items()})

    def log_metric(self, key: str, value: float, step: int | None = None) -> None:
        """Records a value of a metric. Raises ValueError when it is no number."""
        self.log_metrics({key: value}, step)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Records a value of each metric, at a step (0 by default)."""
        read = {str(name): number(name, value) for name, value in metrics.items()}
        at = whole_step(step)
        with self._changing(metrics_only=True):
            stamp = time.time()
            for name, value in read.items():
                self.add_metric(name, value, at, stamp)

    def set_tag(self, key: str, value: Any) -> None:
        """Sets a tag; its value is kept as text."""
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Sets tags."""
        with self._changing():
            self._record.tags.update({str(name): str(value) for name, value in tags.items()})

    def log_artifact(self, local_path: str | os.PathLike[str], artifact_path: str | None = None) -> None:
        """Copies a file or folder below ``artifacts/``. Raises FileNotFoundError."""
        for name, content in artifacts.contents(Path(local_path), artifact_path):
            self.write_artifact(name, content)

    def log_dict(self, dictionary: Any, artifact_file: str) -> None:
        """Writes a value as JSON, or as YAML when the name ends so."""
        self.write_artifact(artifact_file, artifacts.of_dict(dictionary, artifact_file))

    def log_text(self, text: str, artifact_file: str) -> None:
        """Writes a text, UTF-8."""
        self.write_artifact(artifact_file, text.encode("utf-8"))

    def log_figure(self, figure: Any, artifact_file: str) -> None:
        """Saves a matplotlib figure (or any with ``savefig`` or ``write_html``) in the format of the name's ending."""
        self.write_artifact(artifact_file, artifacts.of_figure(figure, artifact_file))

    def write_artifact(self, name: str, content: bytes) -> None:
        """Writes a file below ``artifacts/``."""
        with self._changing():
            self.store_artifact(name, content)

    # for the recorder

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
        self._owned().write_artifact(name, content)
        if name not in self._record.artifacts:
            self._record.artifacts.append(name)

    def discard(self) -> None:
        """Removes the run, as if it had never begun."""
        self._owned().discard()

    def add(self, params: Mapping[str, Any] | None = None, tags: Mapping[str, str] | None = None) -> None:
        """Adds plain params and tags; the record follows when it is next written."""
        with self._lock:
            self._record.params.update(params or {})
            self._record.tags.update(tags or {})

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
        head = f'{{"name": {dumps(name)}, "step": '
        lines, value = [], None
        for step, (given, stamp) in enumerate(zip(values, stamps, strict=True), first_step):
            value = float(given)
            shown = repr(value) if value - value == 0 else dumps(value)  # NaN and infinities in words
            lines.append(f'{head}{step}, "value": {shown}, "time": {stamp:.3f}}}\n')
        if value is not None:
            with self._lock:
                self._lines += lines
                self._record.metrics[name] = value

    def flush_if_behind(self) -> None:
        """Writes what is buffered: once a second while values come fast, at once when they come slowly."""
        now = time.monotonic()
        if now - self._added >= _BEHIND:
            self._slow_until = now + _BEHIND  # the first of several after a pause: the others belong with it
        self._added = now
        if now - self._written >= _BEHIND or now < self._slow_until:
            with self._lock:
                self._flush()

    def begin_package(self, limit: int | None) -> Package:
        return self._owned().begin_package(limit)

    def keep_package(self, package: Package, name: str, about: Mapping[str, Any]) -> str:
        """Seals a package as one of this run's. Returns the name it got; the record follows when it is next written."""
        got = self._owned().keep_package(package, name)
        self._record.models[got] = dict(about)
        return got

    def write(self) -> None:
        """Writes the record as it is now."""
        with self._lock:
            self._flush()

    def end(self, status: str = FINISHED) -> None:
        """Ends the run: its record is written and its folder is put among the finished ones."""
        with self._lock:
            if self._record.status != RUNNING and self._record.end is not None:
                return
            writer = self._owned()
            self._record.status = status
            self._record.end = now()
            self._flush()
            writer.finish()

    def _owned(self) -> OpenRun:
        if self._writer is None:
            raise RuntimeError(f"run {self.run_id} was read back: open it with start_run(run_id={self.run_id!r})")
        if not self.written_here:
            raise RuntimeError(f"run {self.run_id} belongs to process {self._pid}: log to it there")
        return self._writer

    def _changing(self, metrics_only: bool = False) -> _Change:
        return _Change(self, metrics_only)

    def _write_buffered(self) -> None:
        with self._lock:
            self._flush_metrics()

    def _flush_metrics(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._owned().append_metrics("".join(lines))

    def _flush(self) -> None:
        self._written = time.monotonic()
        self._flush_metrics()
        self._owned().write_record(self._record.to_json())

    def __enter__(self) -> Run:
        from fitprint._run.active import enter_block

        enter_block(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        from fitprint._run.active import leave_block

        leave_block(self, kind)

    def __reduce__(self) -> Any:
        from fitprint._run.reading import read_run

        return read_run, (self._store.location, self.run_id)


class _Change:
    """A change of a run: written at once when it has ended, within a second while it is open."""

    def __init__(self, run: Run, metrics_only: bool) -> None:
        self._run = run
        self._metrics_only = metrics_only

    def __enter__(self) -> None:
        self._run._owned()
        self._run._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        run = self._run
        try:
            if kind is None and (run.status != RUNNING or not self._metrics_only):
                run._flush()
            elif kind is None:
                run.flush_if_behind()
        finally:
            run._lock.release()
