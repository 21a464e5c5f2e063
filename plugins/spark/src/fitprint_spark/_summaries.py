"""What Spark's training summaries say: the objective of each iteration, and metrics of the training data."""

from __future__ import annotations

import time
from typing import Any

from fitprint.plugin import TrainingCall, attempt
from fitprint_spark import _tree
from fitprint_spark._jobs import Bounded, context
from fitprint_spark._stages import leaves

_SERIES = "objectiveHistory"
_KNOWN = ("totalIterations", "numIterations", "numIter", "trainingCost", "logLikelihood")
"""What the training has computed anyway."""
_TO_COMPUTE = (
    *("accuracy", "weightedPrecision", "weightedRecall", "weightedFMeasure", "areaUnderROC"),
    *("rootMeanSquaredError", "meanSquaredError", "meanAbsoluteError", "r2", "r2adj", "explainedVariance"),
    *("deviance", "nullDeviance", "dispersion", "aic"),
)
"""What a summary computes from the training data when it is asked for the first time."""


def metrics(call: TrainingCall, model: Any, names: _tree.Names) -> dict[str, float]:
    """Return the numbers of the training summaries, and emit the objective of each iteration.

    The metrics of the last part that has a summary have Spark's own names; before those of other parts stands the name
    of the part.

    Args:
        call: The call.
        model: The fitted model.
        names: The names of the parts of the estimator.
    """
    having = [one for one in leaves(model) if getattr(one, "hasSummary", False) is True]
    summaries = [
        ("" if one is having[-1] else f"{names.get(one.uid, type(one).__name__)}.", one.summary) for one in having
    ]
    known: dict[str, float] = {}
    for prefix, summary in summaries:
        if hasattr(type(summary), _SERIES):
            for step, value in enumerate(summary.objectiveHistory):
                call.emit(f"{prefix}{_SERIES}", float(value), step)
        known |= {f"{prefix}{name}": _number(summary, name) for name in _KNOWN if hasattr(type(summary), name)}
    return known | _of_training_data(call, summaries)


def _of_training_data(call: TrainingCall, summaries: list[tuple[str, Any]]) -> dict[str, float]:
    """Return what Spark has to compute from the training data, as far as there is time for it."""
    to_compute = [(prefix, one, name) for prefix, one in summaries for name in _TO_COMPUTE if hasattr(type(one), name)]
    if not to_compute:
        return {}
    if not call.settings.log_training_metrics:
        call.skip("training metrics", "log_training_metrics", "turned off")
        return {}
    if context() is None:
        call.skip(
            "training metrics", "Spark Connect", "with Spark Connect, a job that takes too long cannot be cancelled"
        )
        return {}
    seconds = call.settings.max_metric_seconds
    end = time.monotonic() + seconds
    computed_metrics: dict[str, float] = {}
    with Bounded("training metrics", lambda: time.monotonic() > end) as bounded:
        for prefix, summary, name in to_compute:
            computed, value = attempt(_number, summary, name)
            if computed:
                computed_metrics[f"training_{prefix}{name}"] = value
            elif not bounded.was_cancelled:
                call.skip(f"training_{prefix}{name}", "metric", f"Spark could not compute it: {type(value).__name__}")
            if time.monotonic() > end:
                break
    if len(computed_metrics) < len(to_compute) and time.monotonic() > end:
        call.skip("training metrics that take longer", "max_metric_seconds", f"Spark took over {seconds:g} s for them")
    return computed_metrics


def _number(summary: Any, name: str) -> float:
    value = getattr(summary, name)
    return float(value() if callable(value) else value)


def dataset_facts(call: TrainingCall, dataset: Any) -> dict[str, Any]:
    """Return the names and types of the columns of the training data, and the number of its rows if it is cached.

    To count the rows of a DataFrame that is not cached, Spark would compute it once more.

    Args:
        call: The call.
        dataset: The DataFrame of Spark.
    """
    columns = []
    for field in dataset.schema.fields:
        attributes = (field.metadata or {}).get("ml_attr") or {}
        size = attributes.get("num_attrs")
        columns.append({"name": field.name, "dtype": field.dataType.simpleString()} | ({"size": size} if size else {}))
    facts: dict[str, Any] = {"kind": "pyspark.DataFrame", "columns": columns}
    if context() is not None and dataset.is_cached:
        end = time.monotonic() + call.settings.max_metric_seconds
        with Bounded("the number of rows", lambda: time.monotonic() > end):
            counted, rows = attempt(dataset.count)
        facts |= {"rows": rows} if counted else {}
    return {"inputs": facts}
