"""What a run says of itself, whether it is being written or was read back."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from fitprint._core import html as _html
from fitprint._core.jsonable import number
from fitprint._runs import artifacts
from fitprint._runs.record import Record, Skip
from fitprint.stores import OpenRun, Store

if TYPE_CHECKING:
    from fitprint._runs.run import Run


class RunFacts:
    """The readable side of a run."""

    def __init__(self, record: Record, store: Store, writer: OpenRun | None) -> None:
        self._record = record
        self._store = store
        self._writer = writer

    @property
    def run_id(self) -> str:
        return self._record.run_id

    @property
    def name(self) -> str:
        return self._record.name

    @property
    def status(self) -> str:
        """``RUNNING``, ``FINISHED``, ``FAILED`` or ``KILLED``."""
        return self._record.status

    @property
    def flavor(self) -> str | None:
        return self._record.flavor

    @property
    def experiment(self) -> str:
        return self._record.experiment

    @property
    def parent_id(self) -> str | None:
        return self._record.parent_id

    @property
    def path(self) -> Path:
        """The folder of the run."""
        return self._writer.path if self._writer is not None else self._store.folder(self.run_id)

    @property
    def final_path(self) -> Path:
        """Where the folder of the run lies once it has ended."""
        return self._writer.final_path if self._writer is not None else self.path

    @property
    def params(self) -> dict[str, Any]:
        return dict(self._record.params)

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric."""
        return dict(self._record.metrics)

    @property
    def tags(self) -> dict[str, str]:
        return dict(self._record.tags)

    @property
    def artifacts(self) -> list[str]:
        """The names of the files below ``artifacts/``."""
        return list(self._record.artifacts)

    @property
    def models(self) -> dict[str, Path]:
        """The packages of the run: name to folder."""
        return {name: self.path / name for name in self._record.models}

    @property
    def model_path(self) -> Path | None:
        """The package that autolog made, else the latest, else None."""
        models = self._record.models
        made = [name for name, each in models.items() if each.get("autologged")] or list(models)[-1:]
        return self.path / made[0] if made else None

    @property
    def skipped(self) -> list[Skip]:
        """(what, rule, reason) for all that was not recorded."""
        return list(self._record.skipped)

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of the ``training`` itself and of the ``recording``."""
        return dict(self._record.seconds)

    @property
    def error(self) -> dict[str, str] | None:
        """``type`` and ``message`` of what ended a failed training."""
        return dict(self._record.error) if self._record.error else None

    @property
    def start_time(self) -> str:
        return self._record.start

    @property
    def end_time(self) -> str | None:
        return self._record.end

    @property
    def children(self) -> list[Run]:
        """The runs that have this one as their parent, oldest first."""
        from fitprint._runs.read import children_of

        return children_of(self._store, self.run_id)

    @property
    def info(self) -> SimpleNamespace:
        """As in MLflow: ``run_id``, ``run_name``, ``status``, ``artifact_uri``."""
        uri = str(self.path / "artifacts")
        return SimpleNamespace(run_id=self.run_id, run_name=self.name, status=self.status, artifact_uri=uri)

    @property
    def data(self) -> SimpleNamespace:
        """As in MLflow: ``params``, ``metrics``, ``tags``."""
        return SimpleNamespace(params=self.params, metrics=self.metrics, tags=self.tags)

    def metric_history(self, name: str) -> list[tuple[int, float]]:
        """All values of a metric as (step, value), in the order they were logged."""
        self._write_buffered()
        found = artifacts.read_metrics(self.path, name)
        return [(each["step"], number(each["value"])) for each in found]

    def _write_buffered(self) -> None:
        """Nothing is buffered in a run that is only read."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value:.4g}" for name, value in list(self.metrics.items())[:3])
        return f"<Run {self.run_id} {self.name} {self.status}{' ' + shown if shown else ''}>"

    def _repr_html_(self) -> str:
        return _html.run(self)
