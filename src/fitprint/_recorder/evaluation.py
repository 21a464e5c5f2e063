"""Recording a metric of predictions, with facts about the data that was predicted and about the call."""

from __future__ import annotations

import json
import numbers
import weakref
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from types import FrameType
from typing import Any

from fitprint._core.privacy.artifact_text import artifact_bytes
from fitprint._core.rows import row_count
from fitprint._core.signal_handlers import suppress_own
from fitprint._core.variable_names import calling_frame, variable_name
from fitprint._recorder.dataset_facts import INPUTS_AND_TARGET, digest_of, kind_of
from fitprint._recorder.trained_rows import trained_rows
from fitprint._runs.predictions import Origin, Place, find_origin, place_of
from fitprint._runs.run import Run, adder_of
from fitprint._runs.scores import EvaluationData, add_scores, has_room
from fitprint._runs.summary_line import log_held_out
from fitprint.plugin.arguments import positional_names
from fitprint.plugin.contract import TrainingCall

_LONGEST_TEXT = 32
_SOME, _ALL = 0.1, 0.9
"""Up to which share of rows that the model was trained on data is held out, and from which on it is training data."""
_training_inputs: weakref.WeakKeyDictionary[Any, dict[str, Any]] = weakref.WeakKeyDictionary()
"""What the runs say of the data that their models were trained on, by what adds to the run."""


def record_score(call: TrainingCall, origin: Origin) -> None:
    """Add what a call has made of predictions to the run of the model that predicted.

    Args:
        call: The call, which has returned.
        origin: Where the predictions come from.
    """
    run, flavor = origin.run, call.flavor
    adder = adder_of(run)
    call = replace(call, skip=adder.skip)
    scores = {name: value for name, value in flavor.scores(call).items() if has_room(run, name)}
    artifacts = {
        name: artifact_bytes(name, content, adder.secrets.redactor)
        for name, content in flavor.score_artifacts(call).items()
        if has_room(run, PurePosixPath(name).stem)
    }
    if not scores and not artifacts:
        return
    frame = calling_frame()
    if origin.flavor is None:
        data = flavor.predicted_data(call)
        origin = Origin(run, origin.facts, flavor, data, variable_name(data, frame))
    origin.find_name(frame)
    facts = _facts_of_part(evaluation_data(origin), (*call.args, *call.kwargs.values()))
    add_scores(run, scores, facts, text=call_text(call, frame), artifacts=artifacts)
    if not call.settings.quiet:
        log_held_out(run)


def evaluation_data(origin: Origin) -> EvaluationData:
    """Return the facts of data that the model of a run has predicted: once for each prediction."""
    if origin.data_facts is None:
        run, rows = origin.run, origin.rows()
        count = row_count(rows) if rows is not None else None
        trained = trained_rows(run.run_id)
        is_slice = trained is not None and _overlap(trained.place, origin.place if rows is None else place_of(rows))
        if count is None:  # the data is gone: other rows than those of the training are nevertheless other data
            differs = origin.count is not None and _inputs_of(run).get("rows", origin.count) != origin.count
            origin.data_facts = EvaluationData(origin.name, training_data=False if differs and not is_slice else None)
        else:
            digest = digest_of(rows)
            is_training = _is_training_data(_inputs_of(run), count, kind_of(rows), digest)
            known = count if is_training else trained.count_in(rows) if trained is not None else None
            if known is not None:
                is_training = _share_of_training(known / max(count, 1))
            elif is_slice:
                is_training = None
            origin.data_facts = EvaluationData(origin.name, count, digest["blake2b"], is_training, known)
    facts: EvaluationData = origin.data_facts
    return facts


def _overlap(trained: Place | None, predicted: Place | None) -> bool:
    return trained is not None and predicted is not None and trained.overlaps(predicted)


def _share_of_training(share: float) -> bool | None:
    """Return what data is of which the model was trained on this share. A few rows may be equal by coincidence."""
    return True if share >= _ALL else False if share <= _SOME else None


def _facts_of_part(facts: EvaluationData, arguments: Iterable[Any]) -> EvaluationData:
    """Return the facts of the data that a metric is of: of fewer rows if it was given a slice of the predictions."""
    for value in arguments:
        if facts.rows is not None and find_origin(value) is not None:
            count = row_count(value)
            if count is not None and count < facts.rows:
                known = count if facts.training_rows == facts.rows else 0 if facts.training_rows == 0 else None
                return facts._replace(rows=count, digest=None, training_rows=known)
    return facts


def _is_training_data(inputs: dict[str, Any], rows: int, kind: str, digest: dict[str, Any]) -> bool | None:
    """Compare data with what a run says of its training data. The same values in another form are not recognised."""
    if not inputs:
        return None
    if inputs.get("digest") == digest:
        return True
    return False if inputs.get("rows") != rows or inputs.get("kind") == kind else None


def _inputs_of(run: Run) -> dict[str, Any]:
    adder = adder_of(run)
    if adder not in _training_inputs:
        with suppress_own(OSError, ValueError, KeyError, TypeError):
            facts = json.loads((run.path / "artifacts" / INPUTS_AND_TARGET).read_bytes())
            _training_inputs[adder] = {name: facts["inputs"][name] for name in ("rows", "kind", "digest")}
    return _training_inputs.get(adder, {})


def call_text(call: TrainingCall, frame: FrameType | None) -> str:
    """Return a call as a text, with the names of the user's variables: ``f1_score(y_true=y_test, y_pred=labels)``.

    Args:
        call: The call.
        frame: The code that made it.
    """
    named = [*zip(positional_names(call.function), call.args, strict=False), *call.kwargs.items()]
    arguments = ", ".join(f"{name}={argument_text(value, frame)}" for name, value in named)
    function = call.name
    if call.instance is not None:
        owner = type(call.instance).__name__
        function = owner if call.name == "__call__" else f"{owner}.{call.name}"
    return f"{function}({arguments})"


def argument_text(value: Any, frame: FrameType | None) -> str:
    """Return the text of an argument: the name of its variable, or a short value, or its type."""
    if type(value) is str:
        return repr(value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}...")
    if value is None or isinstance(value, (bool, numbers.Number)):
        return str(value)
    return variable_name(value, frame) or f"<{type(value).__name__}>"
