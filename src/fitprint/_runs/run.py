"""A run, as the user holds it: being written, or read back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fitprint._core.privacy import Redactor
from fitprint._runs import artifacts
from fitprint._runs.numbers import number, whole_step
from fitprint._runs.record import FINISHED, RUNNING, Record
from fitprint._runs.writer import WrittenRun
from fitprint.stores import OpenRun, Store


class Run(WrittenRun):
    """One recorded training call, or a stretch of code between `start_run` and `end_run`.

    A run being written belongs to the process that made it: elsewhere it can only be read.
    """

    def __init__(
        self, record: Record, store: Store, writer: OpenRun | None = None, redactor: Redactor | None = None
    ) -> None:
        super().__init__(record, store, writer, redactor)
        self.before_end: list[Callable[[], None]] = []
        """Ends what is recorded on this run, or below it, and is still open."""

    def end(self, status: str = FINISHED) -> None:
        """Ends the run, and before it the training loops that were opened in it. Raises OSError as `WrittenRun.end`."""
        try:
            while self.before_end:
                self.before_end.pop(0)()
        finally:
            super().end(status)

    # writing to it

    def log_param(self, key: str, value: Any) -> None:
        """Records a param; its value is kept as it is where JSON has it, else as its repr.

        A secret is shown as ``***``; what is over 16,000 characters is an artifact, which the param names.
        """
        self.log_params({key: value})

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Records params."""
        found = {str(name): self.kept_param(str(name), value) for name, value in params.items()}
        with self._changing():
            for name, each in found.items():
                self.keep_param(name, each)

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
        """Writes a value as JSON, or as YAML when the name ends so; a secret in it is shown as ``***``."""
        self.write_artifact(artifact_file, artifacts.of_dict(dictionary, artifact_file, self.secrets.redactor))

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

    def _changing(self, metrics_only: bool = False) -> _Change:
        return _Change(self, metrics_only)

    def __enter__(self) -> Run:
        from fitprint._runs.active import enter_block

        enter_block(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        from fitprint._runs.active import leave_block

        leave_block(self, kind)

    def __reduce__(self) -> Any:
        from fitprint._runs.read import read_run

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
            if kind is None and run.status != RUNNING:
                run._flush()
            elif kind is None and self._metrics_only:
                run.flush_if_behind()
            elif kind is None:
                run._try_to_flush()
        finally:
            run._lock.release()
