"""The module-level calls that act on a run: the active one, else the latest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fitprint._runs.active import active_run
from fitprint._runs.index import last_run
from fitprint._runs.run import Run


def log_param(key: str, value: Any) -> None:
    """Records a param on the active run, else on the latest. Raises RuntimeError with neither."""
    _target().log_param(key, value)


def log_params(params: Mapping[str, Any]) -> None:
    """Records params on the active run, else on the latest."""
    _target().log_params(params)


def log_metric(key: str, value: float, step: int | None = None) -> None:
    """Records a value of a metric on the active run, else on the latest."""
    _target().log_metric(key, value, step)


def log_metrics(metrics: Mapping[str, float], step: int | None = None) -> None:
    """Records a value of each metric on the active run, else on the latest."""
    _target().log_metrics(metrics, step)


def set_tag(key: str, value: Any) -> None:
    """Sets a tag on the active run, else on the latest."""
    _target().set_tag(key, value)


def set_tags(tags: Mapping[str, Any]) -> None:
    """Sets tags on the active run, else on the latest."""
    _target().set_tags(tags)


def log_artifact(local_path: str | os.PathLike[str], artifact_path: str | None = None) -> None:
    """Copies a file or folder into the artifacts of the active run, else of the latest."""
    _target().log_artifact(local_path, artifact_path)


def log_dict(dictionary: Any, artifact_file: str) -> None:
    """Writes a value as JSON or YAML into the artifacts of the active run, else of the latest."""
    _target().log_dict(dictionary, artifact_file)


def log_text(text: str, artifact_file: str) -> None:
    """Writes a text into the artifacts of the active run, else of the latest."""
    _target().log_text(text, artifact_file)


def log_figure(figure: Any, artifact_file: str) -> None:
    """Saves a figure into the artifacts of the active run, else of the latest."""
    _target().log_figure(figure, artifact_file)


def _target() -> Run:
    run = active_run() or last_run()
    if run is None:
        raise RuntimeError("there is no run to log to: open one with fitprint.start_run(), or train a model first")
    return run
