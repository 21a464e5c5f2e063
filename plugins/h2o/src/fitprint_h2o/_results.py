"""What a model says of its training: the scoring history, metrics of each part of the data, variable importances."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from fitprint.plugin import Emit

_STEPS = ("number_of_trees", "iterations", "iteration")
"""The columns of a scoring history that count its steps, by kinds of models."""
_NOT_METRICS = (*_STEPS, "epochs", "samples", "nobs", "scoring_time", "model_checksum", "frame_checksum")
_PARTS = {"training_metrics": "training", "validation_metrics": "validation", "cross_validation_metrics": "cv"}
"""The metrics in the output of a model, and the names of the data that they are of."""


def output_of(model: Any) -> Mapping[str, Any]:
    """Return what the cluster has said of a model; nothing is asked again."""
    output: Mapping[str, Any] = model._model_json["output"]
    return output


def emit_history(model: Any, emit: Emit) -> dict[str, float]:
    """Emit the scoring history of a model, which H2O keeps for most of them.

    Args:
        model: The model.
        emit: Records values of metrics.

    Returns:
        The last value of each metric by name.
    """
    last: dict[str, float] = {}
    for name, values in history_of(model).items():
        for step, value in values:
            emit(name, value, step)
            last[name] = value
    return last


def history_of(model: Any) -> dict[str, list[tuple[int, float]]]:
    """Return the numbers of a model's scoring history with their steps, by the names of the columns.

    The steps are those that H2O counts, such as trees; of a table that repeats them, the numbers of its rows.
    """
    table = output_of(model).get("scoring_history")
    if table is None:
        return {}
    columns = {name: [row[at] for row in table.cell_values] for at, name in enumerate(table.col_header)}
    counted = next((columns[name] for name in _STEPS if name in columns), [])
    is_counting = all(isinstance(one, (int, float)) for one in counted) and all(
        earlier < later for earlier, later in itertools.pairwise(counted)
    )
    steps = [int(one) for one in counted] if counted and is_counting else [*range(len(table.cell_values))]
    history = {}
    for name, values in columns.items():
        numbers = [(step, float(value)) for step, value in zip(steps, values, strict=True) if _is_number(value)]
        if name not in _NOT_METRICS and numbers:
            history[name] = numbers
    return history


def metrics_of(model: Any, last: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics of a finished model, with the names of the data that they are of.

    Args:
        model: The model.
        last: What `emit_history` has returned: these metrics are known already, unless the finished model is not the
            one that was scored last, such as the best one of a network. Then its own value is ``final_<name>``.
    """
    metrics: dict[str, float] = {}
    for part, prefix in _PARTS.items():
        for name, value in numbers_of(output_of(model).get(part)).items():
            full = f"{prefix}_{name}"
            if full not in last:
                metrics[full] = value
            elif not math.isclose(value, last[full], rel_tol=1e-9, abs_tol=1e-12):
                metrics[f"final_{full}"] = value
    return metrics


def numbers_of(metrics: Any) -> dict[str, float]:
    """Return the numbers among H2O's metrics by their names in small letters; none if there are no metrics."""
    values = getattr(metrics, "_metric_json", None) or {}
    numbers = {name.lower(): float(value) for name, value in values.items() if _is_number(value)}
    without_a_metric_of_the_users = values.get("custom_metric_name") is None
    return {
        name: value
        for name, value in numbers.items()
        if name not in _NOT_METRICS and not (name == "custom_metric_value" and without_a_metric_of_the_users)
    }


def importances(model: Any) -> dict[str, float]:
    """Return the importance of each variable, as H2O has computed it; nothing for models without any."""
    table = output_of(model).get("variable_importances")
    return {row[0]: float(row[1]) for row in table.cell_values} if table is not None else {}


def tables(model: Any) -> Iterator[tuple[str, str]]:
    """Yield tables of a model's output as CSV, by the names of their files."""
    folds = output_of(model).get("cross_validation_metrics_summary")
    if folds is not None:
        yield "cv_results.csv", csv_of(folds, first="metric")


def csv_of(table: Any, first: str | None = None) -> str:
    """Return a table of H2O as CSV.

    Args:
        table: The table. H2O gives its first column no name.
        first: A name for the first column; None to leave it out, because it only numbers the rows.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    start = 1 if first is None and table.col_header[0] == "" else 0
    names = list(table.col_header)[start:]
    writer.writerow([first or name if at == 0 else name for at, name in enumerate(names)])
    writer.writerows(list(row)[start:] for row in table.cell_values)
    return text.getvalue()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)
