"""What is recorded when a training has ended well: each kind of result is one guarded step, always in this order."""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

from fitprint._core.privacy.artifact_text import artifact_bytes
from fitprint._recorder.dataset_facts import INPUTS_AND_TARGET, dataset_facts
from fitprint._recorder.evaluation import record_score
from fitprint._recorder.package import record_package
from fitprint._recorder.params import add_params
from fitprint._recorder.steps import Recording
from fitprint._recorder.trained_rows import remember_rows
from fitprint._runs.index import trained_by
from fitprint._runs.open import begin_run
from fitprint._runs.predictions import Origin
from fitprint._runs.run import writer_of
from fitprint._runs.writer import RunWriter
from fitprint.plugin.contract import TrainingCall
from fitprint.plugin.emit import BestModel, ChildRun

BEST = "best"


def record_results(recording: Recording, model: Any) -> None:
    """Record metrics, params, artifacts, tags, facts about the data, child runs and the package.

    Args:
        recording: The recording of the call, whose run is open.
        model: What was trained; None if there is no model, and so no package.
    """
    record_metrics(recording)
    record_facts(recording)
    record_children(recording)
    if record_best(recording) is None:
        record_model(recording, model)


def record_metrics(recording: Recording) -> None:
    """Record the metrics of the finished training."""
    call, writer = recording.call, recording.writer
    with recording.step("metrics"):
        now = time.time()
        for name, value in call.flavor.metrics(call).items():
            writer.add_metric(name, float(value), 0, now)
    if call.settings.log_post_training_metrics:
        with recording.step("metrics of the validated model"):
            _record_validation(call)


def _record_validation(call: TrainingCall) -> None:
    """Add what a validation says of a recorded model to the run of that model."""
    validated = call.flavor.validated_model(call)
    run = trained_by(validated) if validated is not None else None
    if run is not None:
        record_score(call, Origin(run))


def record_facts(recording: Recording) -> None:
    """Record params, artifacts, tags and facts about the data. What a loop records again replaces what it had."""
    call, writer = recording.call, recording.writer
    with recording.step("params"):
        add_params(writer, call, call.flavor.late_params(call))
    with recording.step("artifacts"):
        for name, content in call.flavor.artifacts(call).items():
            _write_artifact(writer, name, content)
    with recording.step("tags"):
        writer.add_tags(call.flavor.tags(call))
    with recording.step("the data set's facts"):
        data = call.flavor.data(call)
        facts = dataset_facts(data, call.flavor.target(call))
        if call.settings.log_post_training_metrics and data is not None:
            remember_rows(writer.run_id, data)
        if facts:
            _write_artifact(writer, INPUTS_AND_TARGET, facts)


def record_children(recording: Recording) -> None:
    """Record the runs below the training."""
    with recording.step("child runs"):
        _record_children(recording)


def record_model(recording: Recording, model: Any, renews: str | None = None) -> str | None:
    """Record the package of a model.

    Args:
        recording: The recording of the call.
        model: What was trained; None if there is no model, and so no package.
        renews: The name of an earlier package of this recording, which the new one replaces.

    Returns:
        The name of the package, or None.
    """
    if model is None:
        return None
    if recording.call.settings.log_models:
        return record_package(recording, model, renews=renews)
    recording.writer.skip("model", "log_models", "turned off")
    return None


def record_best(recording: Recording, renews: str | None = None) -> str | None:
    """Record the package of the best model of the training, if `package_of` asks for it and the flavor finds one.

    Args:
        recording: The recording of the call.
        renews: The name of an earlier package of this recording, which the new one replaces.

    Returns:
        The name of the package; None if the package is to be of the last model.
    """
    call, writer = recording.call, recording.writer
    if call.settings.package_of != BEST or not call.settings.log_models:
        return None
    best: BestModel | None = None
    with recording.step("the best model"):
        best = call.flavor.best_model(call)
        if best is None:
            reason = f"{call.flavor.name} finds no better model than the last one, so the package contains the last one"
            writer.skip("the best model", "package_of", reason)
    name = record_package(recording, best.model, renews=renews) if best is not None else None
    if best is not None and name is not None:
        facts = {"package_of": BEST, "package_step": best.step, "package_checkpoint": best.checkpoint}
        writer.add_tags({key: str(value) for key, value in facts.items() if value is not None})
    return name


def _write_artifact(writer: RunWriter, name: str, content: Any) -> None:
    writer.write_artifact(name, artifact_bytes(name, content, writer.secrets.redactor))


def _record_children(recording: Recording) -> None:
    limit = recording.call.settings.max_child_runs
    children = iter(recording.call.flavor.children(recording.call))
    for child in islice(children, limit):
        _record_child(recording, child)
    if next(children, None) is not None:
        skip_children(recording)


def skip_children(recording: Recording) -> None:
    """Record that only the best of several runs below the training are kept."""
    limit = recording.call.settings.max_child_runs
    what = f"children after the best {limit}" if limit else "children"
    reason = f"at most {limit} are kept as runs; the table of the search lists all of them"
    recording.writer.skip(what, "max_child_runs", reason)


def _record_child(recording: Recording, child: ChildRun) -> None:
    call, parent = recording.call, recording.writer
    tags = {"flavor": call.flavor.name, **child.tags}
    writer = writer_of(begin_run(call.settings, child.name, call.flavor.name, parent.run_id, tags))
    writer.record.start = parent.record.start
    add_params(writer, call, child.params)
    now = time.time()
    for name, value in child.metrics.items():
        writer.add_metric(name, float(value), 0, now)
    writer.skip("model", "candidate", "a search saves only its best candidate, fitted again to all data")
    writer.end()
