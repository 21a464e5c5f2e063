"""Which signature a package may carry: one under which the model predicts what it predicts on the data itself.

A reader enforces the signature before the model sees the data (MLmodel contract, "Enforcement at predict"), and some
data comes out of that as something else: a category as text, a list as a DataFrame. So the enforced data is given
to the model once, on a few rows, before the signature is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fitprint._core.guard import attempt
from fitprint._core.rows import first_rows, row_count, take_rows
from fitprint.models.enforcement import enforce_inputs
from fitprint.models.errors import SchemaError
from fitprint.models.inference import infer_schema
from fitprint.models.schema import ColSpec, Schema
from fitprint.models.signature import ModelSignature
from fitprint.models.types import AnyType

ROWS = 5
Reasons = list[tuple[str, str]]
Predict = Callable[[Any], Any]


def faithful_signature(predict: Predict, data: Any) -> tuple[ModelSignature | None, Reasons]:
    """The signature of a model and its training data, and (what, reason) for each part that had to be left out.

    ``predict`` is the model's own, on rows of the data. Raises what it raises on the data itself.
    """
    rows = _few_rows(data)
    expected = predict(rows)
    outputs = infer_schema(expected)
    inputs = infer_schema(data)
    if inputs is None:
        return (ModelSignature(outputs=outputs) if outputs is not None else None), []
    suspects = _changed_columns(inputs, rows)
    for schema in _attempts(inputs, suspects):
        if _predicts_the_same(predict, schema, rows, expected):
            return ModelSignature(inputs=schema, outputs=outputs), []
    named = ", ".join(map(str, suspects)) if suspects else type(data).__name__
    reason = f"enforcing it would change what the model predicts, because of: {named}"
    signature = ModelSignature(outputs=outputs) if outputs is not None else None
    return signature, [("signature inputs", reason)]


def _few_rows(data: Any) -> Any:
    """The first rows, and the first few with a missing value: enforcement treats these in its own way."""
    if not hasattr(data, "columns") or not hasattr(data, "isna"):
        return first_rows(data, ROWS) if row_count(data) is not None else data
    missing = data.isna().to_numpy().any(axis=1)
    if not missing.any():
        return data.iloc[:ROWS]
    chosen = [*range(min(ROWS, len(data))), *missing.nonzero()[0][:ROWS].tolist()]
    return take_rows(data, sorted(set(chosen)))


def _attempts(inputs: Schema, suspects: list[Any]) -> list[Schema]:
    """The schema itself, then with each suspicious column as `any`, then with all of them."""
    if not suspects:
        return [inputs]
    singly = [_with_any(inputs, {each}) for each in suspects[:10]] if len(suspects) > 1 else []
    return [inputs, *singly, _with_any(inputs, set(suspects))]


def _with_any(inputs: Schema, names: set[Any]) -> Schema:
    return Schema(
        [ColSpec(AnyType(), each.name, required=each.required) if each.name in names else each for each in inputs]
    )


def _changed_columns(inputs: Schema, rows: Any) -> list[Any]:
    """The columns of a DataFrame that enforcement refuses, or gives another dtype."""
    if not hasattr(rows, "columns") or inputs.is_tensor_spec() or not inputs.has_input_names():
        return []
    changed = []
    for spec in inputs:
        column = rows[[spec.name]]
        try:
            enforced = enforce_inputs(column, Schema([spec]))
        except SchemaError:
            changed.append(spec.name)
            continue
        if not _same_data(enforced, column):
            changed.append(spec.name)
    return changed


def _predicts_the_same(predict: Predict, inputs: Schema, rows: Any, expected: Any) -> bool:
    try:
        enforced = enforce_inputs(rows, inputs)
    except SchemaError:
        return False
    if _same_data(enforced, rows):
        return True
    accepted, found = attempt(predict, enforced)
    return accepted and _same_predictions(found, expected)


def _same_data(enforced: Any, rows: Any) -> bool:
    """Whether enforcement left the data as it was; False where telling would cost more than predicting."""
    if enforced is rows:
        return True
    if type(enforced) is not type(rows):
        return False
    if hasattr(rows, "dtypes"):
        same = list(enforced.columns) == list(rows.columns) and (enforced.dtypes == rows.dtypes).all()
        return bool(same) and bool(enforced.equals(rows))
    return hasattr(rows, "dtype") and rows.shape == enforced.shape and rows.dtype == enforced.dtype


def _same_predictions(found: Any, expected: Any) -> bool:
    import numpy as np

    if type(found) is not type(expected):
        return False
    if hasattr(found, "toarray"):
        found, expected = found.toarray(), expected.toarray()
    left, right = np.asarray(found), np.asarray(expected)
    if left.shape != right.shape or left.dtype.kind != right.dtype.kind:
        return False
    if left.dtype.kind in "fc":
        return bool(np.allclose(left, right, rtol=1e-6, atol=1e-9, equal_nan=True))
    return bool((left == right).all())
