"""A signature is written only if the model predicts the same with it as without it.

Whoever loads a package enforces its signature before the model gets the data, and enforcement turns some data into
something else: a categorical column into text, a list into a DataFrame. For this reason the model predicts once, for a
few rows, from the enforced data, before the signature is written.
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
    """Infer the signature of a model from data, leaving out the inputs if enforcing them would change predictions.

    Args:
        predict: The model's function of prediction, which takes rows of the data.
        data: The data, for example that of the training.
        predicted: The predictions for all of the data, if they are known already.

    Returns:
        The signature, or None if nothing is left of it, and a pair (what, reason) for each part that is left out. A
        column whose conversion would change the predictions has the type `any`.

    Raises:
        Exception: Whatever `predict` raises for the data as it is.
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
    if suspects:
        reason = f"enforcing it would change what the model predicts, because of: {', '.join(map(str, suspects))}"
    else:
        reason = (
            f"enforcing it would convert the {type(data).__name__} that predict is given, and the model would then "
            "fail or predict something else"
        )
    signature = ModelSignature(outputs=outputs) if outputs is not None else None
    return signature, [("signature inputs", reason)]


def _few_rows(data: Any, inputs: Schema | None) -> Any:
    """Choose the rows to predict: the first ones, and the first with a missing value, which enforcement may change.

    Returns:
        Their positions or a slice, or None if the rows of the data cannot be counted.
    """
    if not hasattr(data, "columns") or not hasattr(data, "isna"):
        count = row_count(data)
        if count == 1 and isinstance(data, (list, tuple)):
            return [0, 0]  # one row alone could not show that enforcement makes one row of a list of many
        return slice(0, ROWS) if count is not None else None
    counts = inputs.cache.pop(MISSING_COUNTS, None) if inputs is not None else None
    lacking = [position for position, count in enumerate(missing_counts(data) if counts is None else counts) if count]
    if not lacking:
        return slice(0, ROWS)
    missing = columns_at(data, lacking).isna().to_numpy().any(axis=1)
    chosen = [*range(min(ROWS, len(data))), *missing.nonzero()[0][:ROWS].tolist()]
    return sorted(set(chosen))


def _relaxed(inputs: Schema, suspects: list[Any]) -> list[Schema]:
    """Return the schema with each of the suspect columns in turn as `any`, then with all of them as `any`."""
    if not suspects:
        return []
    singly = [_with_any(inputs, {name}) for name in suspects[:10]] if len(suspects) > 1 else []
    return [*singly, _with_any(inputs, set(suspects))]


def _with_any(inputs: Schema, names: set[Any]) -> Schema:
    return Schema(
        [ColSpec(AnyType(), spec.name, required=spec.required) if spec.name in names else spec for spec in inputs]
    )


def _changed_columns(inputs: Schema, rows: Any) -> list[Any]:
    """Return the columns of a DataFrame that enforcement refuses or converts, in the order of the schema."""
    if not hasattr(rows, "columns") or inputs.is_tensor_spec() or not inputs.has_input_names():
        return []
    kinds: dict[tuple[Any, Any], list[Spec]] = {}
    for spec, dtype in zip(inputs, rows.dtypes.tolist(), strict=True):
        kinds.setdefault((dtype, spec.type), []).append(spec)
    changed = {name for (dtype, _), specs in kinds.items() for name in _changed_among(specs, dtype, rows)}
    return [spec.name for spec in inputs if spec.name in changed]


def _changed_among(specs: list[Spec], dtype: Any, rows: Any) -> list[Any]:
    """Return the changed ones among columns of one dtype and type, by enforcing all of them, then each half."""
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
    accepted, predictions = attempt(predict, enforced)
    return accepted and _same_predictions(predictions, expected)


def _same_data(enforced: Any, rows: Any) -> bool:
    """Return whether enforcement left the data as it was; False if a comparison would cost more than a prediction."""
    if enforced is rows:
        return True
    if type(enforced) is not type(rows):
        return False
    if hasattr(rows, "dtypes"):
        same = list(enforced.columns) == list(rows.columns) and (enforced.dtypes == rows.dtypes).all()
        return bool(same) and bool(enforced.equals(rows))
    return hasattr(rows, "dtype") and rows.shape == enforced.shape and rows.dtype == enforced.dtype


def _same_predictions(predictions: Any, expected: Any) -> bool:
    import numpy as np

    if type(predictions) is not type(expected):
        return False
    if hasattr(predictions, "toarray"):
        predictions, expected = predictions.toarray(), expected.toarray()
    left, right = np.asarray(predictions), np.asarray(expected)
    if left.shape != right.shape or left.dtype.kind != right.dtype.kind:
        return False
    if left.dtype.kind in "fc":
        return bool(np.allclose(left, right, rtol=1e-6, atol=1e-9, equal_nan=True))
    return bool((left == right).all())
