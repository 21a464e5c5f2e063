"""The module-level calls that log to a run: to the active run, else to that of the latest training, else to a new one.

MLflow's functions start a run where there is none, and take the id of another run for many of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from fitprint._core.guard import warn_once
from fitprint._core.publish import publish
from fitprint._runs.active import active_run, start_run
from fitprint._runs.index import last_run
from fitprint._runs.open import run_to_add_to
from fitprint._runs.run import Run
from fitprint._settings.layers import current

Value = TypeVar("Value")


def log_param(key: str, value: Value, **mlflow: Any) -> Value:
    """Record a param on the active run, or else on the run of the latest training, or else on a new run.

    Args:
        key: The name of the param.
        value: Its value.
        **mlflow: MLflow's argument ``synchronous``, which has no effect.

    Returns:
        The value.
    """
    with _target("log_param", None, mlflow) as run:
        run.log_param(key, value)
    return value


def log_params(params: Mapping[str, Any], *, run_id: str | None = None, **mlflow: Any) -> None:
    """Record params on the run that `log_param` would use.

    Args:
        params: From the name of each param to its value.
        run_id: The id of a run in the store, to record them on that one.
        **mlflow: MLflow's argument ``synchronous``, which has no effect.

    Raises:
        StoreError: There is no run of this id.
    """
    with _target("log_params", run_id, mlflow) as run:
        run.log_params(params)


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    *,
    timestamp: int | None = None,
    run_id: str | None = None,
    **mlflow: Any,
) -> None:
    """Record a value of a metric on the run that `log_param` would use.

    Args:
        key: The name of the metric.
        value: Its value: a number, or an array or tensor of one element.
        step: The step that the value belongs to, such as an epoch; by default 0.
        timestamp: When it was measured, in milliseconds since the epoch; by default now.
        run_id: The id of a run in the store, to record it on that one.
        **mlflow: MLflow's arguments ``synchronous``, ``model_id`` and ``dataset``, which have no effect.

    Raises:
        ValueError: The value is not a number.
        StoreError: There is no run of this id.
    """
    with _target("log_metric", run_id, mlflow) as run:
        run.log_metric(key, value, step, timestamp=timestamp)


def log_metrics(
    metrics: Mapping[str, float],
    step: int | None = None,
    *,
    timestamp: int | None = None,
    run_id: str | None = None,
    **mlflow: Any,
) -> None:
    """Record a value of each of several metrics on the run that `log_param` would use.

    Args:
        metrics: From the name of each metric to its value.
        step: The step that the values belong to, as for `log_metric`.
        timestamp: When they were measured, as for `log_metric`.
        run_id: The id of a run in the store, to record them on that one.
        **mlflow: As for `log_metric`.

    Raises:
        ValueError: A value is not a number.
        StoreError: There is no run of this id.
    """
    with _target("log_metrics", run_id, mlflow) as run:
        run.log_metrics(metrics, step, timestamp=timestamp)


def set_tag(key: str, value: Any, **mlflow: Any) -> None:
    """Set a tag of the run that `log_param` would use.

    Args:
        key: The name of the tag.
        value: Its value, which is kept as a text.
        **mlflow: MLflow's argument ``synchronous``, which has no effect.
    """
    with _target("set_tag", None, mlflow) as run:
        run.set_tag(key, value)


def set_tags(tags: Mapping[str, Any], **mlflow: Any) -> None:
    """Set tags of the run that `log_param` would use.

    Args:
        tags: From the name of each tag to its value.
        **mlflow: MLflow's argument ``synchronous``, which has no effect.
    """
    with _target("set_tags", None, mlflow) as run:
        run.set_tags(tags)


def log_artifact(
    local_path: str | os.PathLike[str], artifact_path: str | None = None, run_id: str | None = None
) -> None:
    """Copy a file or a folder into the artifacts of the run that `log_param` would use.

    Args:
        local_path: The file or the folder.
        artifact_path: The folder among the artifacts that it is copied into; by default the outermost one.
        run_id: The id of a run in the store, to copy it into the artifacts of that one.

    Raises:
        FileNotFoundError: There is no such file or folder.
        StoreError: There is no run of this id.
    """
    with _target("log_artifact", run_id) as run:
        run.log_artifact(local_path, artifact_path)


def log_artifacts(
    local_dir: str | os.PathLike[str], artifact_path: str | None = None, run_id: str | None = None
) -> None:
    """Copy the files of a folder, but not the folder itself, into the artifacts of the run that `log_param` would use.

    Args:
        local_dir: The folder.
        artifact_path: The folder among the artifacts that they are copied into; by default the outermost one.
        run_id: The id of a run in the store, to copy them into the artifacts of that one.

    Raises:
        NotADirectoryError: There is no such folder.
        StoreError: There is no run of this id.
    """
    with _target("log_artifacts", run_id) as run:
        run.log_artifacts(local_dir, artifact_path)


def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Write a value as JSON or YAML into the artifacts of the run that `log_param` would use.

    Args:
        dictionary: A dictionary, or any other value that JSON can hold.
        artifact_file: The path of the file among the artifacts; its suffix decides between JSON and YAML.
        run_id: The id of a run in the store, to write it into the artifacts of that one.

    Raises:
        StoreError: There is no run of this id.
    """
    with _target("log_dict", run_id) as run:
        run.log_dict(dictionary, artifact_file)


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """Write a text into the artifacts of the run that `log_param` would use.

    Args:
        text: The text.
        artifact_file: The path of the file among the artifacts.
        run_id: The id of a run in the store, to write it into the artifacts of that one.

    Raises:
        StoreError: There is no run of this id.
    """
    with _target("log_text", run_id) as run:
        run.log_text(text, artifact_file)


def log_figure(figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None) -> None:
    """Save a figure into the artifacts of the run that `log_param` would use.

    Args:
        figure: A figure of matplotlib or plotly.
        artifact_file: The path of the file among the artifacts; its suffix decides on the format.
        save_kwargs: Arguments for the method of the figure that saves it, such as ``dpi``.

    Raises:
        TypeError: The object is not a figure.
    """
    with _target("log_figure", None) as run:
        run.log_figure(figure, artifact_file, save_kwargs=save_kwargs)


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """Return the folder of the artifacts, or the path of one of them, of the run that `log_param` would use.

    Args:
        artifact_path: The path of a file or a folder among the artifacts; by default the folder of all of them.

    Returns:
        The path, which need not exist.
    """
    with _target("get_artifact_uri", None) as run:
        return f"{run.info.artifact_uri}/{artifact_path}" if artifact_path else run.info.artifact_uri


_WITHOUT_EFFECT = ("synchronous", "model_id", "dataset")


@contextmanager
def _target(function: str, run_id: str | None, mlflow: Mapping[str, Any] | None = None) -> Iterator[Run]:
    """Give the run to log to, and write what was added if it is named by its id."""
    for name, value in (mlflow or {}).items():
        if name not in _WITHOUT_EFFECT:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
        if value is not None and name != "synchronous":
            warn_once((function, name), f"{function}(): {name} has no effect in fitprint and is ignored")
    if run_id is None:
        yield active_run() or last_run() or start_run()
        return
    run = run_to_add_to(current().settings().store, run_id)
    yield run
    run.end()  # this use of it alone


publish("fitprint", get_artifact_uri, log_artifact, log_artifacts, log_dict, log_figure, log_metric, log_metrics)
publish("fitprint", log_param, log_params, log_text, set_tag, set_tags)
