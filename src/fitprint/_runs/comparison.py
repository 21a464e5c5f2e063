"""Comparing runs in a list: columns of metrics, and params behind the names of runs that are called alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from fitprint._core.jsonable import to_json
from fitprint._runs.known_metrics import BEST_DATA, KnownMetric, known_metrics, number_text
from fitprint._runs.record import Record
from fitprint._runs.run import Run

MOST_COLUMNS = 2
"""The columns of metrics besides that of the metric that people decide by."""
MOST_VARIED, LONGEST_VALUE = 4, 24
"""How many params a name tells, and the characters of each of their values."""
MOST_COMPARED = 1_000
"""Of more runs than these, only those below a search are told apart by their params, because it takes too long."""
_MISSING = object()

Row = tuple[Run, int]
"""A run and its depth below the outermost one; -1 for a child whose parent is not listed."""


class Comparison:
    """Compares the runs of a list.

    The first column has the number that people decide by. If it is the same for all runs, such as the accuracy on
    held-out data, the head of the column says which it is, else each cell does. The further columns have what most of
    the runs share. The candidates of a search, which are many, only count where there are no other runs.

    Args:
        records: The records of the runs.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._metrics = {record.run_id: known_metrics(record) for record in records}
        outermost = [record.run_id for record in records if record.parent_id is None and self._metrics[record.run_id]]
        counted = [self._metrics[run_id] for run_id in outermost] or list(filter(None, self._metrics.values()))
        deciding = {metrics[0].label for metrics in counted}
        self._shared = deciding.pop() if len(deciding) == 1 else ""
        self._others = self._shared_labels(counted)
        self._names = _telling_names(records)

    @property
    def head(self) -> list[str]:
        """The names of the columns of metrics: none if no run has a metric."""
        if not any(self._metrics.values()):
            return []
        return [self._shared or "metric", *self._others]

    def cells(self, record: Record) -> list[str]:
        """Return the metrics of one of the runs, in the order of `head`."""
        if not self.head:
            return []
        metrics = self._metrics[record.run_id]
        values = {metric.label: metric.value for metric in metrics}
        others = [number_text(values[label]) if label in values else "" for label in self._others]
        return [self._deciding_cell(metrics), *others]

    def name(self, record: Record) -> str:
        """Return the name of one of the runs, with those params that tell it from others of this name."""
        return self._names.get(record.run_id, record.name)

    def _deciding_cell(self, metrics: Sequence[KnownMetric]) -> str:
        if not metrics:
            return ""
        if self._shared:
            metrics = [metric for metric in metrics if metric.label == self._shared] or metrics
        value = number_text(metrics[0].value)
        return value if metrics[0].label == self._shared else f"{metrics[0].label} {value}"

    def _shared_labels(self, counted: Sequence[Sequence[KnownMetric]]) -> list[str]:
        """Return what at least half of the runs have besides the metric of the first column."""
        places: dict[str, tuple[int, int]] = {}
        counts: Counter[str] = Counter()
        for metrics in counted:
            for place, metric in enumerate(metrics[1:]):
                counts[metric.label] += 1
                places.setdefault(metric.label, (BEST_DATA.index(metric.data), place))
        frequent = [label for label in counts if 2 * counts[label] >= len(counted) and label != self._shared]
        return sorted(frequent, key=lambda label: (-counts[label], places[label]))[:MOST_COLUMNS]


def as_tree(runs: Sequence[Run]) -> list[Row]:
    """Order runs, given newest first, so that children stand beneath their parent, the oldest child first."""
    listed = {run.run_id for run in runs}
    children: dict[str, list[Run]] = {}
    waiting: list[Row] = []
    for run in runs:
        parent = run.parent_id
        if parent in listed and parent is not None and parent < run.run_id:  # no run is older than its parent
            children.setdefault(parent, []).append(run)
        else:
            waiting.append((run, -1 if parent else 0))
    waiting.reverse()
    rows = []
    while waiting:
        run, depth = waiting.pop()
        rows.append((run, depth))
        waiting += [(child, max(depth, 0) + 1) for child in children.get(run.run_id, ())]
    return rows


def branch(depth: int) -> str:
    """Return what stands before the name of a run in a tree."""
    if depth == 0:
        return ""
    return "↳ " if depth < 0 else "  " * min(depth - 1, 4) + "└ "


def params_text(params: Iterable[tuple[str, Any]]) -> str:
    """Return params as one short text: ``C=0.1, penalty=l2``."""
    named = list(params)
    short = Counter(name.rpartition("__")[2] for name, _ in named)
    texts = []
    for name, value in named:
        own_name = name.rpartition("__")[2]
        text = value if isinstance(value, str) else to_json(value) if isinstance(value, (list, dict)) else str(value)
        if len(text) > LONGEST_VALUE:
            text = text[: LONGEST_VALUE - 1] + "…"
        texts.append(f"{own_name if short[own_name] == 1 else name}={text}")
    return ", ".join(texts)


def _telling_names(records: Sequence[Record]) -> dict[str, str]:
    """Return the names of those runs that have the same name as others beside them, with the params that differ."""
    names: dict[str, str] = {}
    siblings: dict[str | None, list[Record]] = {}
    for record in records:
        siblings.setdefault(record.parent_id, []).append(record)
    for parent_id, group in siblings.items():
        if parent_id is None and len(group) > MOST_COMPARED:
            continue
        by_name: dict[str, list[Record]] = {}
        for record in group:
            by_name.setdefault(record.name, []).append(record)
        for name, equals in by_name.items():
            varied = _varied(equals) if len(equals) > 1 else []
            for record in equals if varied else ():
                shown_params = [param for param in varied if param in record.params]
                if parent_id is None:  # these belong together by chance only, so their defaults say nothing
                    shown_params = [param for param in shown_params if param not in record.default_params]
                text = params_text((param, record.params[param]) for param in shown_params[:MOST_VARIED])
                is_alone = parent_id is not None and len(by_name) == 1
                names[record.run_id] = (text if is_alone else f"{name} {text}").strip() or name
    return names


def _varied(records: Sequence[Record]) -> list[str]:
    """Return the names of the params that not all of the runs have with the same value."""
    names = dict.fromkeys(name for record in records for name in record.params)
    first = records[0].params
    return [
        name
        for name in names
        if any(record.params.get(name, _MISSING) != first.get(name, _MISSING) for record in records)
    ]
