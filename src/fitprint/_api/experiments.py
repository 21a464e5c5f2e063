"""MLflow's calls for experiments, which are labels here: a label needs no creation, and is its own id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fitprint._api.autolog import choose
from fitprint._core.guard import warn_once
from fitprint._core.publish import publish
from fitprint._runs.read import configured_store
from fitprint._runs.run import read_runs
from fitprint._settings.layers import current
from fitprint._settings.table import TABLE, read_value


@dataclass(frozen=True)
class Experiment:
    """The label that groups runs, with the attributes of MLflow's experiments."""

    name: str
    """The label."""
    artifact_location: str
    """The location of the store that the runs are in."""
    tags: dict[str, str] = field(default_factory=dict)
    """Always empty: labels have no tags."""
    lifecycle_stage: str = "active"
    """Always ``active``: a label is there as long as a run has it."""

    @property
    def experiment_id(self) -> str:
        """The label: it is its own id."""
        return self.name


def set_experiment(experiment_name: str | None = None, experiment_id: str | None = None) -> Experiment:
    """Choose the label of all runs from now on, under MLflow's name for the setting ``experiment``.

    Args:
        experiment_name: The label that groups runs.
        experiment_id: The same; MLflow scripts give one of the two.

    Returns:
        The experiment.

    Raises:
        ValueError: Both are given, or the value is not a text.
    """
    if (experiment_name is None) == (experiment_id is None):
        raise ValueError("set_experiment() takes either experiment_name or experiment_id")
    label = experiment_name if experiment_name is not None else experiment_id
    choose(experiment=read_value(TABLE["experiment"], label, "set_experiment()"))
    return _experiment(current().settings().experiment)


def create_experiment(name: str, artifact_location: str | None = None, tags: Mapping[str, Any] | None = None) -> str:
    """Return the id of an experiment, which is its name: nothing has to be created.

    Args:
        name: The label that groups runs.
        artifact_location: Has no effect: artifacts are in the folder of their run.
        tags: Has no effect: labels have no tags.

    Returns:
        The name, for ``set_experiment(experiment_id=...)`` and ``start_run(experiment_id=...)``.
    """
    for argument, value in (("artifact_location", artifact_location), ("tags", tags)):
        if value:
            warn_once(
                ("create_experiment", argument),
                f"create_experiment(): {argument} has no effect in fitprint and is ignored",
            )
    return str(name)


def get_experiment_by_name(name: str) -> Experiment | None:
    """Return an experiment.

    Args:
        name: The label that groups runs.

    Returns:
        The experiment, or None if no run of the store has the label and it is not the chosen one.

    Raises:
        StoreError: The store cannot be read.
    """
    is_known = name == current().settings().experiment or any(
        run.experiment == name for run in read_runs(configured_store())
    )
    return _experiment(name) if is_known else None


def get_experiment(experiment_id: str) -> Experiment:
    """Return an experiment by its id, which is its name.

    Args:
        experiment_id: The label that groups runs.

    Returns:
        The experiment.

    Raises:
        ValueError: No run of the store has the label.
        StoreError: The store cannot be read.
    """
    experiment = get_experiment_by_name(experiment_id)
    if experiment is None:
        raise ValueError(f"no run in {current().settings().store} has the experiment {experiment_id!r}")
    return experiment


def _experiment(name: str) -> Experiment:
    return Experiment(name, current().settings().store)


publish("fitprint", Experiment, create_experiment, get_experiment, get_experiment_by_name, set_experiment)
