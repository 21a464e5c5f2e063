"""The trials of a study as CSV, with the column names of ``Study.trials_dataframe``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from optuna.trial import FrozenTrial

from fitprint.plugin import jsonable, to_json


def tables(study: Any) -> dict[str, str]:
    """Return the table of all trials and, with several objectives, that of the Pareto front."""
    if study is None:
        return {}
    columns = _value_columns(study)
    made = {"trials.csv": _table(columns, study.get_trials(deepcopy=False))}
    if len(columns) > 1:
        made["pareto_front.csv"] = _table(columns, study.best_trials)
    return made


def _value_columns(study: Any) -> list[str]:
    names = getattr(study, "metric_names", None)
    count = len(study.directions)
    if count == 1 and not names:
        return ["value"]
    return [f"values_{name}" for name in names or range(count)]


def _table(value_columns: Sequence[str], trials: Sequence[FrozenTrial]) -> str:
    params = _names(trial.params for trial in trials)
    attributes = _names(trial.user_attrs for trial in trials)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "number",
            "state",
            *value_columns,
            *(f"params_{name}" for name in params),
            *(f"user_attrs_{name}" for name in attributes),
            "datetime_start",
            "datetime_complete",
            "duration",
        ]
    )
    for trial in trials:
        values = trial.values or [None] * len(value_columns)
        writer.writerow(
            [
                trial.number,
                trial.state.name,
                *values,
                *[None] * (len(value_columns) - len(values)),
                *(_cell(trial.params.get(name)) for name in params),
                *(_cell(trial.user_attrs.get(name)) for name in attributes),
                _time(trial.datetime_start),
                _time(trial.datetime_complete),
                trial.duration.total_seconds() if trial.duration is not None else None,
            ]
        )
    return text.getvalue()


def _names(mappings: Iterable[dict[str, Any]]) -> list[str]:
    """Return all names in several mappings, in the order in which they come first."""
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float)) else to_json(jsonable(value))


def _time(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None
