"""Which signature a package may carry: one under which the model predicts what it predicts on the data itself.

A reader enforces the signature before the model sees the data (MLmodel contract, "Enforcement at predict"), and some
data comes out of that as something else: a category as text, a list as a DataFrame. So the enforced data is given
to the model once, on a few rows, before the signature is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fitprint._core.guard import attempt
from fitprint._core.rows import row_count, take_rows
from fitprint.models.enforcement import enforce_inputs
from fitprint.models.errors import SchemaError
from fitprint.models.inference import infer_schema
from fitprint.models.inference_columns import MISSING_COUNTS, columns_at, missing_counts
from fitprint.models.schema import ColSpec, Schema, Spec
from fitprint.models.signature import ModelSignature
from fitprint.models.types import AnyType, DataType

ROWS = 5
Reasons = list[tuple[str, str]]
Predict = Callable[[Any], Any]


def faithful_signature(predict: Predict, data: Any, predicted: Any = None) -> tuple[ModelSignature | None, Reasons]:
    """The signature of a model and its training data, and (what, reason) for each part that had to be left out.

    ``predict`` is the model's own, on rows of the data; ``predicted``: what it gave for all of them, if it was asked.
    Raises what it raises on the data itself.
    """
    inputs = infer_schema(data)
    chosen = _few_rows(data, inputs)
    rows = data if chosen is None else take_rows(data, chosen)
    if predicted is None or chosen is None or row_count(predicted) != row_count(data):
        expected = predict(rows)
    else:
        expected = take_rows(predicted, chosen)
    outputs = infer_schema(expected)
    if inputs is None:
        return (ModelSignature(outputs=outputs) if outputs is not None else None), []
    if _predicts_the_same(predict, inputs, rows, expected):
        return ModelSignature(inputs=inputs, outputs=outputs), []
    suspects = _changed_columns(inputs, rows)
    for schema in _relaxed(inputs, suspects):
        if _predicts_the_same(predict, schema, rows, expected):
            return ModelSignature(inputs=schema, outputs=outputs), []
    named = ", ".join(map(str, suspects)) if suspects else type(data).__name__
    reason = f"enforcing it would change what the model predicts, because of: {named}"
    signature = ModelSignature(outputs=outputs) if outputs is not None else None
    return signature, [("signature inputs", reason)]


def _few_rows(data: Any, inputs: Schema | None) -> Any:
    """The index of the first rows, and of the first few with a missing value: enforcement treats these in its own way.

    None for data whose rows cannot be counted.
    """
    if not hasattr(data, "columns") or not hasattr(data, "isna"):
        return slice(0, ROWS) if row_count(data) is not None else None
    counts = inputs.cache.pop(MISSING_COUNTS, None) if inputs is not None else None
    lacking = [position for position, count in enumerate(missing_counts(data) if counts is None else counts) if count]
    if not lacking:
        return slice(0, ROWS)
    missing = columns_at(data, lacking).isna().to_numpy().any(axis=1)
    chosen = [*range(min(ROWS, len(data))), *missing.nonzero()[0][:ROWS].tolist()]
    return sorted(set(chosen))


def _relaxed(inputs: Schema, suspects: list[Any]) -> list[Schema]:
    """The schema with each suspicious column in turn as `any`, then with all of them so."""
    if not suspects:
        return []
    singly = [_with_any(inputs, {name}) for name in suspects[:10]] if len(suspects) > 1 else []
    return [*singly, _with_any(inputs, set(suspects))]


def _with_any(inputs: Schema, names: set[Any]) -> Schema:
    return Schema(
        [ColSpec(AnyType(), each.name, required=each.required) if each.name in names else each for each in inputs]
    )


def _changed_columns(inputs: Schema, rows: Any) -> list[Any]:
    """The columns of a DataFrame that enforcement refuses, or gives another dtype, in the order of the schema."""
    if not hasattr(rows, "columns") or inputs.is_tensor_spec() or not inputs.has_input_names():
        return []
    kinds: dict[tuple[Any, Any], list[Spec]] = {}
    for spec, dtype in zip(inputs, rows.dtypes.tolist(), strict=True):
        kinds.setdefault((dtype, spec.type), []).append(spec)
    changed = {name for (dtype, _), specs in kinds.items() for name in _changed_among(specs, dtype, rows)}
    return [spec.name for spec in inputs if spec.name in changed]


def _changed_among(specs: list[Spec], dtype: Any, rows: Any) -> list[Any]:
    """The changed ones of columns that share a dtype and a type, found by enforcing all of them and then halves."""
    columns = rows[[spec.name for spec in specs]]
    try:
        if _same_data(enforce_inputs(columns, Schema(specs)), columns):
            return []
    except SchemaError:
        pass
    # a conversion between two dtypes never depends on the values, unless the columns hold Python objects
    dtype_decides = dtype != "object" and isinstance(specs[0].type, DataType)
    if dtype_decides or len(specs) == 1:
        return [spec.name for spec in specs]
    middle = len(specs) // 2
    return [*_changed_among(specs[:middle], dtype, rows), *_changed_among(specs[middle:], dtype, rows)]


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
