"""Adding metrics of predictions to the run of the model that predicted, which has often ended."""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Container, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from fitprint._core.jsonable import of_data
from fitprint._core.locks import fork_safe_lock
from fitprint._runs import waiting
from fitprint._runs.adder import RunAdder
from fitprint._runs.record import Evaluation
from fitprint._runs.run import Run, adder_of, record_of
from fitprint._runs.writer import RunWriter

MOST_REPEATS = 100
"""How many values of one metric a run keeps."""
UNKNOWN_DATA = "unknown_dataset"
"""Takes the place of the name of the data where that is not known, as in MLflow."""
_LONGEST_NAME, _MOST_BYTES_OF_NAME = 100, 150
_NOT_IN_FILE_NAMES = re.compile(r"(?:[^\w .-]|\.\.)+")
_INFO = "metric_info.json"
"""The artifact with the text of the call that made each metric, as in MLflow."""


class EvaluationData(NamedTuple):
    """The facts of the data that metrics are of: see `Evaluation`."""

    name: str | None = None
    rows: int | None = None
    digest: str | None = None
    training_data: bool | None = None
    training_rows: int | None = None

    def described(self, metric: str, call: str) -> Evaluation:
        """Return what the record of a run says of a metric of this data."""
        return {
            "metric": metric,
            "data": self.name,
            "rows": self.rows,
            "digest": self.digest,
            "training_data": self.training_data,
            "training_rows": self.training_rows,
            "call": call,
        }


class _Names:
    """The names that the metrics of predictions have in one run."""

    def __init__(self, run: Run) -> None:
        self.counts: dict[tuple[str, str], int] = {}
        """How many values there have been for each metric and data."""
        self.totals: dict[str, int] = {}
        """How many values there have been for each metric."""
        self._data: dict[str, list[str]] = {}
        """For each name of data, what tells apart the data sets that had it."""
        for facts in record_of(run).evaluations.values():
            self.label(EvaluationData(facts.get("data"), facts.get("rows"), facts.get("digest")))

    def label(self, data: EvaluationData) -> str:
        """Return the name of the data, with a number if other data had the same name before."""
        name = (data.name or UNKNOWN_DATA)[:_LONGEST_NAME].encode("utf-8", "replace").decode("utf-8")
        known, identity = self._data.setdefault(name, []), data.digest or f"{data.rows} rows"
        if identity not in known:
            known.append(identity)
        return _numbered(name, known.index(identity) + 1)

    def free(self, metric: str, label: str, ending: str, taken: Container[str]) -> str:
        """Return the name for one more value of a metric, or for one more artifact, whose name has an ending.

        Names of artifacts are compared in lower case (`taken`), because some disks take `X_test` and `x_test` for one.
        """
        count = self.counts.get((metric + ending, label), 0) + 1
        while (name := f"{_numbered(metric, count)}_{label}{ending}") in taken or (ending and name.casefold() in taken):
            count += 1
        self.counts[metric + ending, label] = count
        return name


_names: weakref.WeakKeyDictionary[RunAdder, _Names] = weakref.WeakKeyDictionary()
_lock = fork_safe_lock()


def has_room(run: Run, metric: str) -> bool:
    """Return whether a run takes one more value of a metric. If not, its skip reasons say so."""
    adder = adder_of(run)
    names = _names.get(adder)
    if names is None or names.totals.get(metric, 0) < MOST_REPEATS:
        return True
    adder.skip(f"further values of {metric}", "repeats", f"a run keeps {MOST_REPEATS} values of one metric")
    return False


def add_scores(
    run: Run,
    scores: Mapping[str, float],
    data: EvaluationData = EvaluationData(),  # noqa: B008  it cannot be changed
    *,
    text: str = "",
    artifacts: Mapping[str, bytes] | None = None,
) -> list[str]:
    """Add metrics of predictions to a run. Those that come many in a row are written together.

    The name of the data follows that of the metric: ``accuracy_score_X_test``. A further value of it is
    ``accuracy_score-2_X_test``, and one of other data of this name ``accuracy_score_X_test-2``, as in MLflow.

    Args:
        run: The run.
        scores: The values by the names of their metrics.
        data: What was predicted.
        text: The call that made the values, for ``metric_info.json``.
        artifacts: What else the call has made, by file names, which get the name of the data too.

    Returns:
        The names that the metrics have in the run.
    """
    adder, now, added = adder_of(run), time.time(), []
    with _lock:
        names = _names.get(adder)
        if names is None:
            names = _names[adder] = _Names(run)
        label = names.label(data)
        for metric, value in scores.items():
            names.totals[metric] = names.totals.get(metric, 0) + 1
            name = names.free(metric, label, "", record_of(run).metrics)
            adder.add_metric(name, value, 0, now)
            adder.add_evaluation(name, data.described(metric, text))
            added.append(name)
        for file, content in (artifacts or {}).items():
            stem, ending = PurePosixPath(file).stem, PurePosixPath(file).suffix
            names.totals[stem] = names.totals.get(stem, 0) + 1
            taken = {name.casefold() for name in record_of(run).artifacts}
            adder.write_artifact(names.free(stem, _in_file_name(label), ending, taken), content)
    waiting.write_soon(_WithCalls(run, adder))
    return added


def forget(run: Run) -> None:
    """Write nothing more to a run, because it is removed."""
    waiting.forget(_WithCalls(run, adder_of(run)))


class _WithCalls(NamedTuple):
    """Writes a run, and the artifact with the calls that made its metrics of predictions."""

    run: Run
    adder: RunAdder

    def write(self) -> None:
        """Write what was added.

        Raises:
            OSError: If it cannot be written.
        """
        own = isinstance(self.adder, RunWriter)
        evaluations = record_of(self.run).evaluations if own else self.run.evaluations
        calls = {name: facts["call"] for name, facts in sorted(evaluations.items()) if facts.get("call")}
        if calls:
            self.adder.write_artifact(_INFO, of_data(calls))
        self.adder.write()


def _in_file_name(label: str) -> str:
    """Return the name of data as a part of a file name. A user may give any text to it."""
    return _NOT_IN_FILE_NAMES.sub("_", label).encode("utf-8")[:_MOST_BYTES_OF_NAME].decode("utf-8", "ignore")


def _numbered(name: str, count: int) -> str:
    return name if count == 1 else f"{name}-{count}"
