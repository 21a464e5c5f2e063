"""Adding an evaluation to a run: to that of the model, else to the active one, else to a new one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from fitprint._api.evaluated_model import EvaluatedModel
from fitprint._api.evaluation_result import EvaluationResult
from fitprint._core.guard import warn_user
from fitprint._core.privacy.artifact_text import artifact_bytes
from fitprint._core.signal_handlers import own
from fitprint._packages.run_of_package import OpenedRun, run_of_package
from fitprint._recorder.evaluation import evaluation_data
from fitprint._runs.active import active_run
from fitprint._runs.index import run_of
from fitprint._runs.open import begin_run
from fitprint._runs.predictions import Origin, common_origin
from fitprint._runs.record import FINISHED
from fitprint._runs.run import Run, adder_of
from fitprint._runs.scores import UNKNOWN_DATA, add_scores, has_room
from fitprint._runs.summary_line import log_held_out
from fitprint._settings.layers import current
from fitprint.pyfunc._flavor import PyfuncFlavor


def record_evaluation(
    result: EvaluationResult, model: EvaluatedModel | None, data: Any, predictions: tuple[Any, ...], text: str
) -> EvaluationResult:
    """Add an evaluation to a run. A store that cannot be written costs the record alone, and the user is warned.

    Args:
        result: The evaluation, without its run.
        model: The model, or None.
        data: The inputs, or None.
        predictions: The predictions and probabilities that the user has passed, whose origin may be known.
        text: The call of `evaluate`.

    Returns:
        The evaluation with its run.
    """
    try:
        opened = _run_for(model, predictions)
        try:
            _add(opened.run, result, model, data, text)
        finally:
            opened.close()
    except own(OSError) as error:
        warn_user(f"the evaluation is returned, but not recorded: {error}")
        return result
    return replace(result, run=opened.run)


def _run_for(model: EvaluatedModel | None, predictions: tuple[Any, ...]) -> OpenedRun:
    """Return the run that an evaluation belongs to; see `evaluate`. Raises OSError if it cannot be opened."""
    if model is not None:
        trained = run_of(model.native)
        opened = OpenedRun(trained, None) if trained is not None else run_of_package(model.native)
        if opened is not None:
            return opened
    origin = common_origin(predictions)
    run = origin.run if origin is not None else active_run()
    if run is not None:
        return OpenedRun(run, None)
    flavor, name = (model.flavor, model.name) if model is not None else (None, "evaluation")
    if flavor is None:
        return OpenedRun(begin_run(current().settings(), name), FINISHED)
    settings = current().settings(flavor.name, flavor.defaults, flavor.settings)
    return OpenedRun(begin_run(settings, name, flavor.name), FINISHED)


def _add(run: Run, result: EvaluationResult, model: EvaluatedModel | None, data: Any, text: str) -> None:
    adder = adder_of(run)
    flavor = model.flavor if model is not None else None
    facts = evaluation_data(Origin(run, {}, flavor or PyfuncFlavor(), data, result.data_name))
    if facts.rows is None and "example_count" in result.metrics:
        facts = facts._replace(rows=int(result.metrics["example_count"]))
    for skip in result.skipped:
        adder.skip(f"{skip.what}_{result.data_name or UNKNOWN_DATA}", skip.rule, skip.reason)
    add_scores(
        run,
        {name: value for name, value in result.metrics.items() if has_room(run, name)},
        facts,
        text=text,
        artifacts={
            name: artifact_bytes(name, content, adder.secrets.redactor)
            for name, content in result.artifacts.items()
            if has_room(run, PurePosixPath(name).stem)
        },
    )
    if not current().settings().quiet:
        log_held_out(run)
