"""The module-level calls that log to a run: to the active run, otherwise to the latest one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fitprint._core.publish import publish
from fitprint._runs.active import active_run
from fitprint._runs.index import last_run
from fitprint._runs.run import Run


def log_param(key: str, value: Any) -> None:
    """Record a param on the active run, otherwise on the latest run.

    Args:
        key: The name of the param.
        value: Its value.

    Raises:
        RuntimeError: There is no run.
    """
    _target().log_param(key, value)


def log_params(params: Mapping[str, Any]) -> None:
    """Record params on the active run, otherwise on the latest run.

    Args:
        params: From the name of each param to its value.

    Raises:
        RuntimeError: There is no run.
    """
    _target().log_params(params)


def log_metric(key: str, value: float, step: int | None = None) -> None:
    """Record a value of a metric on the active run, otherwise on the latest run.

    Args:
        key: The name of the metric.
        value: Its value.
        step: The step that the value belongs to, such as an epoch; by default 0.

    Raises:
        RuntimeError: There is no run.
        ValueError: The value is not a number.
    """
    _target().log_metric(key, value, step)


def log_metrics(metrics: Mapping[str, float], step: int | None = None) -> None:
    """Record a value of each of several metrics on the active run, otherwise on the latest run.

    Args:
        metrics: From the name of each metric to its value.
        step: The step that the values belong to, as for `log_metric`.

    Raises:
        RuntimeError: There is no run.
        ValueError: A value is not a number.
    """
    _target().log_metrics(metrics, step)


def set_tag(key: str, value: Any) -> None:
    """Set a tag of the active run, otherwise of the latest run.

    Args:
        key: The name of the tag.
        value: Its value, which is kept as a text.

    Raises:
        RuntimeError: There is no run.
    """
    _target().set_tag(key, value)


def set_tags(tags: Mapping[str, Any]) -> None:
    """Set tags of the active run, otherwise of the latest run.

    Args:
        tags: From the name of each tag to its value.

    Raises:
        RuntimeError: There is no run.
    """
    _target().set_tags(tags)


def log_artifact(local_path: str | os.PathLike[str], artifact_path: str | None = None) -> None:
    """Copy a file or a folder into the artifacts of the active run, otherwise of the latest run.

    Args:
        local_path: The file or the folder.
        artifact_path: The folder among the artifacts that it is copied into; by default the outermost one.

    Raises:
        FileNotFoundError: There is no such file or folder.
        RuntimeError: There is no run.
    """
    _target().log_artifact(local_path, artifact_path)


def log_dict(dictionary: Any, artifact_file: str) -> None:
    """Write a value as JSON or YAML into the artifacts of the active run, otherwise of the latest run.

    Args:
        dictionary: A dictionary, or any other value that JSON can hold.
        artifact_file: The path of the file among the artifacts; its suffix decides between JSON and YAML.

    Raises:
        RuntimeError: There is no run.
    """
    _target().log_dict(dictionary, artifact_file)


def log_text(text: str, artifact_file: str) -> None:
    """Write a text into the artifacts of the active run, otherwise of the latest run.

    Args:
        text: The text.
        artifact_file: The path of the file among the artifacts.

    Raises:
        RuntimeError: There is no run.
    """
    _target().log_text(text, artifact_file)


def log_figure(figure: Any, artifact_file: str) -> None:
    """Save a figure into the artifacts of the active run, otherwise of the latest run.

    Args:
        figure: A figure of matplotlib or plotly.
        artifact_file: The path of the file among the artifacts; its suffix decides on the format.

    Raises:
        RuntimeError: There is no run.
        TypeError: The object is not a figure.
    """
    _target().log_figure(figure, artifact_file)


def _target() -> Run:
    run = active_run() or last_run()
    if run is None:
        raise RuntimeError("there is no run to log to: open one with fitprint.start_run(), or train a model first")
    return run


publish("fitprint", log_artifact, log_dict, log_figure, log_metric, log_metrics)
publish("fitprint", log_param, log_params, log_text, set_tag, set_tags)
