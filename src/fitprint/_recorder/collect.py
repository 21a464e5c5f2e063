"""The steps of recording a training call that ended well: each on its own, in order."""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

from fitprint._core.jsonable import of_data
from fitprint._core.privacy.artifact_text import hidden_content
from fitprint._recorder.dataset_facts import dataset_facts
from fitprint._recorder.package import pack
from fitprint._recorder.params import add_params
from fitprint._recorder.steps import RecordedCall
from fitprint._runs.open import begin_run
from fitprint._runs.run import Run
from fitprint.plugin.flavor import Child


def record(recording: RecordedCall, model: Any) -> None:
    """Metrics, facts, what it was trained on, children, and the package."""
    call, run = recording.call, recording.run
    with recording.step("metrics"):
        stamp = time.time()
        for name, value in call.flavor.metrics(call).items():
            run.add_metric(name, float(value), 0, stamp)
    with recording.step("params"):
        add_params(run, call, call.flavor.late_params(call))
    with recording.step("artifacts"):
        for name, content in call.flavor.artifacts(call).items():
            _store(run, name, content)
    with recording.step("tags"):
        run.add_tags(call.flavor.tags(call))
    with recording.step("the data set's facts"):
        facts = dataset_facts(call.flavor.data(call), call.flavor.target(call))
        if facts:
            _store(run, "dataset.json", facts)
    with recording.step("child runs"):
        _record_children(recording)
    if model is None:
        return
    if call.settings.log_models:
        pack(recording, model)
    else:
        run.skip("model", "log_models", "turned off")


def _store(run: Run, name: str, content: Any) -> None:
    run.store_artifact(name, hidden_content(name, _bytes(content), run.secrets.redactor))


def _bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    return content.encode("utf-8", "backslashreplace") if isinstance(content, str) else of_data(content)


def _record_children(recording: RecordedCall) -> None:
    most = recording.call.settings.max_child_runs
    children = iter(recording.call.flavor.children(recording.call))
    for child in islice(children, most):
        _record_child(recording, child)
    if next(children, None) is not None:
        what = f"children after the best {most}" if most else "children"
        recording.run.skip(what, "max_child_runs", f"no more than {most}; the table of the search has them all")


def _record_child(recording: RecordedCall, child: Child) -> None:
    call, parent = recording.call, recording.run
    run = begin_run(call.settings, child.name, call.flavor.name, parent.run_id, child.tags)
    run.record.start = parent.record.start
    add_params(run, call, child.params)
    stamp = time.time()
    for name, value in child.metrics.items():
        run.add_metric(name, float(value), 0, stamp)
    run.skip("model", "candidate", "of a search, the refitted best alone leaves a package")
    run.end()
