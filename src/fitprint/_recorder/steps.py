"""The steps of recording a training call that ended well: each on its own, in order."""

from __future__ import annotations

import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from itertools import islice
from typing import TYPE_CHECKING, Any

from fitprint._flavor import Child, TrainingCall
from fitprint._guard import Skips, guarded
from fitprint._json import of_data, plain
from fitprint._recorder.dataset import dataset_facts
from fitprint._recorder.packing import pack
from fitprint._run.opening import begin_run

if TYPE_CHECKING:
    from fitprint._recorder.recorded import Recorded


def params(call: TrainingCall, values: Mapping[str, Any], skips: Skips) -> dict[str, Any]:
    """The params of a call as JSON has them, without those of `exclude_params`."""
    excluded = call.settings.exclude_params
    found = {}
    for name, value in values.items():
        if excluded and any(fnmatchcase(str(name), pattern) for pattern in excluded):
            call.skip(f"param {name}", "exclude_params", "named there")
            continue
        with guarded(f"param {name}", call.flavor.name, skips, call.settings.strict):
            found[str(name)] = plain(value)
    return found


def record(recording: Recorded, model: Any) -> None:
    """Metrics, facts, what it was trained on, children, and the package."""
    call, run = recording.call, recording.run
    with recording.step("metrics"):
        stamp = time.time()
        for name, value in call.flavor.metrics(call).items():
            run.add_metric(name, float(value), 0, stamp)
    with recording.step("params"):
        run.add(params=params(call, call.flavor.late_params(call), run))
    with recording.step("artifacts"):
        for name, content in call.flavor.artifacts(call).items():
            run.store_artifact(name, _bytes(content))
    with recording.step("tags"):
        run.add(tags=call.flavor.tags(call))
    with recording.step("the data set's facts"):
        facts = dataset_facts(call.flavor.data(call), call.flavor.target(call))
        if facts:
            run.store_artifact("dataset.json", _bytes(facts))
    with recording.step("child runs"):
        for child in islice(call.flavor.children(call), call.settings.max_child_runs):
            _record_child(recording, child)
    if call.settings.log_models and model is not None:
        pack(recording, model)


def _bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    return content.encode("utf-8", "backslashreplace") if isinstance(content, str) else of_data(content)


def _record_child(recording: Recorded, child: Child) -> None:
    call, parent = recording.call, recording.run
    run = begin_run(call.settings, child.name, call.flavor.name, parent.run_id, child.tags)
    run.record.start = parent.record.start
    run.add(params=_plain_values(child.params))
    stamp = time.time()
    for name, value in child.metrics.items():
        run.add_metric(name, float(value), 0, stamp)
    run.skip("model", "candidate", "of a search, the refitted best alone leaves a package")
    run.end()


def _plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): plain(value) for name, value in values.items()}
