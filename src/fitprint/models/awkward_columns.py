"""Which columns of a table MLflow's enforcement changes, and for which of these the predictions change too.

Found by halves among columns of a kind, within a bounded number of enforcements and predictions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from fitprint._core.rows import same_data
from fitprint.models.enforcement import enforce_inputs
from fitprint.models.errors import SchemaError
from fitprint.models.schema import ColSpec, Schema, Spec
from fitprint.models.types import AnyType, DataType

_MOST_PREDICTIONS = 40
_MOST_SECONDS = 0.5
Harmless = Callable[[Any], bool]
"""Tells of rows whether the model predicts of them what it predicts of the original ones."""


def with_any(inputs: Schema, names: set[Any]) -> Schema:
    """Return a schema in which the columns of these names may have any type."""
    return Schema(
        [ColSpec(AnyType(), spec.name, required=spec.required) if spec.name in names else spec for spec in inputs]
    )


def changed_columns(inputs: Schema, rows: Any) -> list[Any]:
    """Return the columns of a DataFrame that enforcement refuses or converts, in the order of the schema.

    Args:
        inputs: The schema.
        rows: A few rows. For data that is no DataFrame, and for columns without names, nothing is returned.
    """
    if not hasattr(rows, "columns") or inputs.is_tensor_spec() or not inputs.has_input_names():
        return []
    changed = {name for specs in _kinds(inputs, rows) for name in _changed_among(specs, rows)}
    return [spec.name for spec in inputs if spec.name in changed]


def _kinds(specs: Iterable[Spec], rows: Any) -> list[list[Spec]]:
    """Group columns by their dtype and their type."""
    dtypes = dict(zip(rows.columns, rows.dtypes.tolist(), strict=True))
    kinds: dict[tuple[Any, Any], list[Spec]] = {}
    for spec in specs:
        kinds.setdefault((dtypes[spec.name], spec.type), []).append(spec)
    return list(kinds.values())


def _changed_among(specs: list[Spec], rows: Any) -> list[Any]:
    """Return the changed ones among columns of one dtype and type, by enforcing all of them, then each half."""
    columns = rows[[spec.name for spec in specs]]
    try:
        if same_data(enforce_inputs(columns, Schema(specs)), columns):
            return []
    except SchemaError:
        pass
    if len(specs) == 1 or _dtype_decides(specs[0], rows):
        return [spec.name for spec in specs]
    middle = len(specs) // 2
    return [*_changed_among(specs[:middle], rows), *_changed_among(specs[middle:], rows)]


def _dtype_decides(spec: Spec, rows: Any) -> bool:
    """Return whether the dtype alone decides what becomes of a column, rather than the Python objects in it."""
    return rows[spec.name].dtype != "object" and isinstance(spec.type, DataType)


def find_awkward(inputs: Schema, suspects: list[Any], rows: Any, harmless: Harmless) -> tuple[list[Any], list[Any]]:
    """Sort the columns that enforcement changes: which of them have to be `any`, and which may not even be that.

    Each column is judged with the others left as they are, by a prediction of rows in which it alone, or a number of
    columns like it, is enforced.

    Args:
        inputs: The schema.
        suspects: The names of the columns that enforcement changes.
        rows: A few rows.
        harmless: Tells whether the model predicts of rows what it predicts of the original ones.

    Returns:
        The names of the columns that have to be `any`; and of those among them whom this does not help.
    """
    search = _Search(rows, harmless)
    specs = {spec.name: spec for spec in inputs}
    typed = [specs[name] for name in suspects]
    relaxed = [name for kind in _kinds(typed, rows) for name in search.harmful(kind)]
    as_any: list[Spec] = [ColSpec(AnyType(), name, required=specs[name].required) for name in relaxed]
    return relaxed, [name for kind in _kinds(as_any, rows) for name in search.harmful(kind)]


class _Search:
    def __init__(self, rows: Any, harmless: Harmless) -> None:
        self._rows = rows
        self._harmless = harmless
        self._predictions = 0
        self._until = time.perf_counter() + _MOST_SECONDS

    def harmful(self, specs: list[Spec]) -> list[Any]:
        """Return the columns, of one kind, that enforcement refuses or whose change the model does not bear."""
        names = [spec.name for spec in specs]
        try:
            enforced = enforce_inputs(self._rows[names], Schema(specs))
        except SchemaError:
            if _dtype_decides(specs[0], self._rows):
                return names
            return names if len(specs) == 1 else self._in_halves(specs)
        self._predictions += 1
        mixed = self._rows.copy(deep=False)
        for name in names:
            mixed[name] = enforced[name]
        if self._harmless(mixed):
            return []
        is_spent = self._predictions >= _MOST_PREDICTIONS or time.perf_counter() > self._until
        return names if len(specs) == 1 or is_spent else self._in_halves(specs)

    def _in_halves(self, specs: list[Spec]) -> list[Any]:
        middle = len(specs) // 2
        return [*self.harmful(specs[:middle]), *self.harmful(specs[middle:])]
