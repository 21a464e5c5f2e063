"""A signature is written only if the model predicts the same with it as without it.

Whoever loads a package enforces its signature before the model gets the data, and MLflow's enforcement turns some data
into something else: a categorical column into text, a list into a DataFrame. For this reason the model predicts once,
for a few rows, from the enforced data, before the signature is written. What MLflow's schema cannot say then goes into
fitprint's own entry (`exact_inputs`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from fitprint._core.guard import attempt
from fitprint._core.rows import row_count, same_data, take_rows
from fitprint.models.awkward_columns import changed_columns, find_awkward, with_any
from fitprint.models.enforcement import enforce_inputs
from fitprint.models.errors import SchemaError
from fitprint.models.exact_dtypes import NotKept, describe_dtype, is_told_by_type
from fitprint.models.exact_inputs import ExactInputs
from fitprint.models.foreign_tables import as_pandas, is_foreign, rows_with_missing
from fitprint.models.inference import infer_schema, is_sparse
from fitprint.models.inference_columns import MISSING_COUNTS, columns_at, dtype_runs, missing_counts
from fitprint.models.schema import ColSpec, Schema, TensorSpec
from fitprint.models.signature import ModelSignature
from fitprint.models.types import DataType

ROWS = 5
MOST_KEYS = 200
"""Dicts with more keys than these have no schema of their own: each key may be a word of a text."""
FOR_MLFLOW = "inputs in MLflow's signature"
"""What is left out where only MLflow's reader lacks the inputs, because fitprint's own entry has them."""
Reasons = Sequence[tuple[str, str]]
Predict = Callable[[Any], Any]


class Inferred(NamedTuple):
    """What is known of a model's inputs and outputs."""

    signature: ModelSignature | None
    """The signature for the MLmodel file, which MLflow reads; None if nothing is left of it."""
    reasons: Reasons
    """A pair (what, reason) for each part that is left out."""
    exact: ExactInputs | None = None
    """What MLflow's schema cannot say of the inputs; None if it says everything."""
    from_type_hint: bool = False
    """Whether type hints of the model say it, so that the data is checked against these and not as a table."""


class _Sample(NamedTuple):
    """A few rows, and what the model predicts for them."""

    rows: Any
    """The rows as the user passes them."""
    plain: Any
    """The same rows, those of a table of another library as a DataFrame of pandas."""
    expected: Any
    kind: str
    """The class of the data."""
    total: int
    """How many rows all of the data has."""


def faithful_signature(predict: Predict, data: Any, predicted: Any = None, outputs_like: Any = None) -> Inferred:
    """Infer the signature of a model from data, leaving out the inputs if enforcing them would change predictions.

    Args:
        predict: The model's function of prediction, which takes rows of the data.
        data: The data, for example that of the training.
        predicted: The predictions for all of the data, if they are known already.
        outputs_like: An array like the predictions, if it is known without predicting what they are like. It is enough
            for an array that enforcement leaves alone.

    Returns:
        The signature. A column whose conversion would change the predictions has the type `any` in it.

    Raises:
        Exception: Whatever `predict` raises for the data as it is.
    """
    foreign = not hasattr(data, "iloc") and is_foreign(data)
    inputs = None if foreign else infer_schema(data)
    chosen = _few_rows(data, inputs)
    rows = data if chosen is None else take_rows(data, chosen)
    plain = as_pandas(rows) if foreign else rows
    inputs = infer_schema(plain) if foreign else inputs
    if outputs_like is not None and predicted is None and inputs is not None and _is_array_left_alone(rows, inputs):
        return Inferred(ModelSignature(inputs=inputs, outputs=infer_schema(outputs_like)), [])
    if predicted is None or chosen is None or row_count(predicted) != row_count(data):
        expected = predict(rows)
        if chosen is not None:  # predicting may have changed these rows in place
            rows = take_rows(data, chosen)
            plain = as_pandas(rows) if foreign else rows
    else:
        expected = take_rows(predicted, chosen)
    outputs = infer_schema(expected)
    only_outputs = ModelSignature(outputs=outputs) if outputs is not None else None
    if inputs is None:
        return Inferred(only_outputs, [])
    sample = _Sample(rows, plain, expected, type(data).__name__, row_count(data) or 0)
    schema, guilty = _schema_for_mlflow(predict, inputs, sample)
    dtypes, reasons = _dtypes_of(inputs, data if plain is rows else plain, sample.total)
    exact = None
    if schema is not inputs or dtypes:
        exact = _exact_inputs(predict, inputs, dtypes, sample)
    if schema is not None:
        return Inferred(ModelSignature(inputs=schema, outputs=outputs), reasons, exact)
    what = "signature inputs" if exact is None else FOR_MLFLOW
    return Inferred(only_outputs, [(what, _why_left_out(guilty, sample, exact)), *reasons], exact)


def _is_array_left_alone(rows: Any, inputs: Schema) -> bool:
    """Return whether rows are a plain array of numbers, which enforcing the schema does not change."""
    import numpy as np

    if type(rows) is not np.ndarray or rows.dtype.kind not in "biuf":
        return False
    accepted, enforced = attempt(enforce_inputs, rows, inputs)
    return accepted and same_data(enforced, rows)


def signature_of_example(predict: Predict, example: Any) -> Inferred:
    """Infer the signature from an input example that JSON can hold, as MLflow does: the model gets it as a table.

    Args:
        predict: The model's function of prediction.
        example: A dict, a list or a scalar.

    Returns:
        The signature of the table, if the model predicts each row of it; else that of the example as it is.

    Raises:
        Exception: Whatever `predict` raises for the example as it is.
    """
    inputs = infer_schema(example)
    if inputs is not None and not inputs.is_tensor_spec():
        converted, table = attempt(enforce_inputs, example, inputs)
        accepted, predictions = attempt(predict, table) if converted else (False, None)
        if accepted and row_count(predictions) in (None, len(table)):
            return Inferred(ModelSignature(inputs=inputs, outputs=infer_schema(predictions)), [])
    return faithful_signature(predict, example)


def _few_rows(data: Any, inputs: Schema | None) -> Any:
    """Choose the rows to predict: the first ones, and the first with a missing value, which enforcement may change.

    Returns:
        Their positions or a slice, or None if the rows of the data cannot be counted.
    """
    if inputs is None and data is not None:
        return sorted({*range(min(ROWS, row_count(data) or 0)), *rows_with_missing(data, ROWS)})
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


def _schema_for_mlflow(predict: Predict, inputs: Schema, sample: _Sample) -> tuple[Schema | None, list[Any]]:
    """Return the schema under which the model predicts the same in MLflow, and the columns that prevent one.

    Columns that MLflow's enforcement would change are tried by halves: as few of them as possible become `any`.
    """
    if _predicts_the_same(predict, inputs, sample):
        return inputs, []
    suspects = changed_columns(inputs, sample.plain)
    if not suspects:
        return None, []

    def harmless(rows: Any) -> bool:
        accepted, predictions = attempt(predict, rows)
        return accepted and same_predictions(predictions, sample.expected)

    relaxed, guilty = find_awkward(inputs, suspects, sample.plain, harmless)
    if not guilty:
        for names in (relaxed, suspects):
            schema = with_any(inputs, set(names))
            if _predicts_the_same(predict, schema, sample):
                return schema, []
    return None, guilty or suspects


def _dtypes_of(inputs: Schema, data: Any, total: int) -> tuple[dict[Any, Any], Reasons]:
    """Describe the dtypes of a table that the types in its schema do not tell."""
    described: dict[Any, Any] = {}
    reasons: list[tuple[str, str]] = []
    if not hasattr(data, "columns") or not inputs.has_input_names():
        return described, reasons
    types = inputs.input_types()
    for dtype, positions in dtype_runs(data):
        first, last = positions[0], positions[-1] + 1
        kinds = set(types[first:last])
        if all(isinstance(declared, DataType) and dtype == declared.to_numpy() for declared in kinds):
            continue  # as it mostly is
        for position in positions:
            if is_told_by_type(dtype, types[position]):
                continue
            name = inputs.input_names()[position]
            try:
                description = describe_dtype(data.iloc[:, position], total)
            except NotKept as reason:
                reasons.append((f"the categories of column {name}", str(reason)))
                continue
            if description is not None:
                described[name] = description
    return described, reasons


def _exact_inputs(predict: Predict, inputs: Schema, dtypes: dict[Any, Any], sample: _Sample) -> ExactInputs | None:
    """Return what fitprint's own loader needs in order to give the model what it was trained on; None if unknown."""
    for exact in _candidates(inputs, dtypes, sample.plain):
        accepted, enforced = attempt(exact.enforce, sample.rows)
        if accepted and (same_data(enforced, sample.rows) or _gives_the_same(predict, enforced, sample)):
            return exact
    return None


def _candidates(inputs: Schema, dtypes: dict[Any, Any], rows: Any) -> list[ExactInputs]:
    """Return what may describe the inputs, and what the model takes in place of a table."""
    import numpy as np

    if hasattr(rows, "columns"):
        return [ExactInputs(inputs, dtypes)] if inputs.has_input_names() else []
    if is_sparse(rows):
        return [ExactInputs(Schema([TensorSpec(rows.dtype, (-1, *rows.shape[1:]))]))]
    if isinstance(rows, list) and rows and isinstance(rows[0], dict):
        return [ExactInputs(_all_optional(inputs), form="records")] if len(inputs) <= MOST_KEYS else []
    if isinstance(rows, (list, tuple)) and rows:
        made, array = attempt(np.asarray, rows)
        tensor = infer_schema(array) if made and array.ndim > 1 and array.dtype.kind in "biufU" else None
        return [ExactInputs(inputs, form="list") if tensor is None else ExactInputs(tensor)]
    return [ExactInputs(inputs, form="series")] if hasattr(rows, "iloc") else []


def _all_optional(inputs: Schema) -> Schema:
    """Return a schema of dicts, of which each may lack some keys."""
    return Schema([ColSpec(cast(Any, spec.type), spec.name, required=False) for spec in inputs])


def _why_left_out(guilty: list[Any], sample: _Sample, exact: ExactInputs | None) -> str:
    addition = "; for fitprint itself, the package also has the exact inputs" if exact is not None else ""
    if guilty:
        dtypes = dict(zip(sample.plain.columns, map(str, sample.plain.dtypes), strict=True))
        named = ", ".join(f"{name} ({dtypes[name]})" for name in guilty[:10])
        more = f" and {len(guilty) - 10} more" if len(guilty) > 10 else ""
        return f"MLflow would give the model other values than it was trained on, because of: {named}{more}{addition}"
    return f"MLflow would turn the {sample.kind} that predict is given into something else, or refuse it{addition}"


def _predicts_the_same(predict: Predict, inputs: Schema, sample: _Sample) -> bool:
    try:
        enforced = enforce_inputs(sample.plain, inputs)
    except SchemaError:
        return False
    return same_data(enforced, sample.rows) or _gives_the_same(predict, enforced, sample)


def _gives_the_same(predict: Predict, enforced: Any, sample: _Sample) -> bool:
    accepted, predictions = attempt(predict, enforced)
    return accepted and same_predictions(predictions, sample.expected)


def same_predictions(predictions: Any, expected: Any) -> bool:
    """Return whether predictions are the same, up to rounding."""
    import numpy as np

    if type(predictions) is not type(expected):
        predictions, expected = as_pandas(predictions), as_pandas(expected)
        if type(predictions) is not type(expected):
            return False
    if isinstance(expected, dict):  # a network with several outputs
        alike = predictions.keys() == expected.keys()
        return alike and all(same_predictions(predictions[name], value) for name, value in expected.items())
    if hasattr(predictions, "toarray"):
        predictions, expected = predictions.toarray(), expected.toarray()
    left, right = np.asarray(predictions), np.asarray(expected)
    if left.shape != right.shape or left.dtype.kind != right.dtype.kind:
        return False
    if left.dtype.kind in "fc":
        return bool(np.allclose(left, right, rtol=1e-6, atol=1e-9, equal_nan=True))
    return bool((left == right).all())
