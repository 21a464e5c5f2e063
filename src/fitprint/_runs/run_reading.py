"""What users read of a run: the properties that `Run` has, whether it is open in this process or not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fitprint._core import work_queue
from fitprint._runs.checkpoints import Checkpoint, read_checkpoints
from fitprint._runs.hold import Hold
from fitprint._runs.merge import read_history
from fitprint._runs.mlflow_view import RunInfo, milliseconds, with_mlflow_names
from fitprint._runs.record import Skip


class RunReading:
    """The part of `Run` that only reads."""

    _hold: Hold

    @property
    def run_id(self) -> str:
        """The id of the run: 32 hexadecimal digits, which sort by time."""
        return self._hold.record.run_id

    @property
    def name(self) -> str:
        """The name of the run."""
        return self._hold.whole().name

    @property
    def status(self) -> str:
        """``RUNNING``, ``FINISHED``, ``FAILED`` or ``KILLED``."""
        return self._hold.whole().status

    @property
    def flavor(self) -> str | None:
        """The flavor of the recorded training call, or None if no training call was recorded."""
        return self._hold.record.flavor

    @property
    def experiment(self) -> str:
        """The label of the experiment."""
        return self._hold.record.experiment

    @property
    def parent_id(self) -> str | None:
        """The id of the parent run, or None."""
        return self._hold.record.parent_id

    @property
    def path(self) -> Path:
        """The folder of the run.

        Of a run that `fitprint.start_run` began it stays the same. That of a recorded training call moves when it ends.
        """
        work_queue.wait(self.run_id)
        writer = self._hold.writer
        if writer is not None and writer.written_here:
            return writer.path
        return self._hold.store.folder(self.run_id)

    @property
    def params(self) -> dict[str, Any]:
        """The params of the run."""
        return dict(self._hold.whole().params)

    @property
    def default_params(self) -> list[str]:
        """The names of the params that have the default values of the framework, as far as this is known."""
        return list(self._hold.whole().default_params)

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric."""
        return dict(self._hold.whole().metrics)

    @property
    def evaluations(self) -> dict[str, dict[str, Any]]:
        """For each metric of predictions that were made after the training, by its name: of which data it is.

        Each has the name of the ``metric``, the name of the ``data``, its ``rows`` and ``digest``, whether it is the
        ``training_data`` or a part of it, and how many ``training_rows`` it has. What is not known is None. A metric is
        held out if ``training_data`` is False.
        """
        return {name: dict(facts) for name, facts in self._hold.whole().evaluations.items()}

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the run."""
        return dict(self._hold.whole().tags)

    @property
    def artifacts(self) -> list[str]:
        """The names of the files below ``artifacts/``."""
        return list(self._hold.whole().artifacts)

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """The checkpoints that the user's own code has written during the training, as far as its flavor sees them.

        They are in the order in which each was written for the first time; one that was written to the same path again
        is one checkpoint.
        """
        return read_checkpoints(self.path)

    @property
    def models(self) -> dict[str, Path]:
        """The folder of each model package of the run, by its name."""
        return {name: self.path / name for name in self._hold.whole().models}

    @property
    def model_path(self) -> Path | None:
        """The model package that autolog made, else the latest one, else None."""
        models = self._hold.whole().models
        names = [name for name, about in models.items() if about.get("autologged")] or list(models)[-1:]
        return self.path / names[0] if names else None

    @property
    def skipped(self) -> list[Skip]:
        """What was not recorded, each as (what, rule, reason)."""
        return list(self._hold.whole().skipped)

    @property
    def seconds(self) -> dict[str, float]:
        """The seconds that the ``training`` itself and its ``recording`` took."""
        return dict(self._hold.record.seconds)

    @property
    def error(self) -> dict[str, str] | None:
        """The ``type`` and ``message`` of the error that ended a failed training, or None."""
        return dict(self._hold.record.error) if self._hold.record.error else None

    @property
    def start_time(self) -> str:
        """When the run started, as ISO 8601 in UTC."""
        return self._hold.record.start

    @property
    def end_time(self) -> str | None:
        """When the run ended, as ISO 8601 in UTC, or None."""
        return self._hold.whole().end

    @property
    def info(self) -> RunInfo:
        """``run_id``, ``run_name``, ``status``, ``artifact_uri``, ``start_time`` and others, as in MLflow."""
        whole = self._hold.whole()
        return RunInfo(
            run_id=whole.run_id,
            run_name=whole.name,
            status=whole.status,
            artifact_uri=str(self.path / "artifacts"),
            experiment_id=whole.experiment,
            start_time=milliseconds(whole.start) or 0,
            end_time=milliseconds(whole.end),
            user_id=whole.tags.get("user", ""),
        )

    @property
    def data(self) -> SimpleNamespace:
        """``params``, ``metrics`` and ``tags``, as in MLflow; among the tags are those that MLflow sets itself."""
        whole = self._hold.whole()
        tags = with_mlflow_names(whole.tags, whole.name, whole.parent_id)
        return SimpleNamespace(params=dict(whole.params), metrics=dict(whole.metrics), tags=tags)

    def metric_history(self, name: str, max_points: int | None = None) -> list[tuple[int, float]]:
        """Return the values of a metric.

        Args:
            name: The name of the metric.
            max_points: How many values are returned at most, evenly spread over the history. A thousand of ten million
                values are read in a second, and in little memory. By default all are returned.

        Returns:
            Each value as (step, value), in the order in which they were logged; those of several processes in the
            order of their times.
        """
        self._hold.flush()
        return read_history(self._hold.store, self.run_id, name, max_points)
