"""Adding metrics of predictions to the run of the model that predicted, which has often ended."""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping

from fitprint._core.locks import fork_safe_lock
from fitprint._runs import waiting
from fitprint._runs.adder import RunAdder
from fitprint._runs.record import RUNNING
from fitprint._runs.run import Run, adder_of, record_of
from fitprint._runs.writer import RunWriter

MOST_REPEATS = 100
"""How many values of one name a run keeps: the first under the name itself, the others with a number behind it."""

_counts: weakref.WeakKeyDictionary[RunAdder, dict[str, int]] = weakref.WeakKeyDictionary()
"""For each run, how many values each name has had."""
_lock = fork_safe_lock()


def add_scores(run: Run, scores: Mapping[str, float]) -> None:
    """Add metrics to a run. Those of an ended run that come many in a row are written together.

    Args:
        run: The run.
        scores: The values by their names. A name that the run has already gets a number: ``accuracy_2``.
    """
    adder = adder_of(run)
    now = time.time()
    for name, value in scores.items():
        free_name = _free_name(name, run, adder)
        if free_name is not None:
            adder.add_metric(free_name, value, 0, now)
        else:
            adder.skip(f"further values of {name}", "repeats", f"a run keeps {MOST_REPEATS} values of one name")
    if isinstance(adder, RunWriter) and adder.record.status != RUNNING:
        waiting.write_soon(adder)
    else:
        adder.flush_if_due()


def _free_name(name: str, run: Run, adder: RunAdder) -> str | None:
    """Return the name for one more value; None if there have been too many."""
    taken = record_of(run).metrics
    with _lock:
        counts = _counts.setdefault(adder, {})
        count = counts.get(name, 0) + 1
        while count <= MOST_REPEATS and _numbered(name, count) in taken:
            count += 1
        counts[name] = count
    return _numbered(name, count) if count <= MOST_REPEATS else None


def _numbered(name: str, count: int) -> str:
    return name if count == 1 else f"{name}_{count}"
