"""Enforcement: data and params are checked against a model's signature, and converted, before the model gets them.

Without `lossless`, the rules are those of MLflow 3.17 at prediction, which also decide whether a dict is one row or
several columns. With `lossless`, whatever can be converted without changing a value is accepted too. In both cases one
SchemaError reports all problems at once.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from fitprint._core.guard import warn_user
from fitprint._core.publish import publish
from fitprint._core.rows import row_count
from fitprint.models.enforcement_frames import as_frame
from fitprint.models.enforcement_tensors import enforce_tensors
from fitprint.models.enforcement_values import (
    TEXT_LIKE,
    convert_column,
    enforce_value,
    fits_exactly,
    is_ready,
    is_upcast,
)
from fitprint.models.errors import SchemaError
from fitprint.models.inference_columns import column_labels, missing_counts
from fitprint.models.inference_values import ANY
from fitprint.models.param_schema import convert_param
from fitprint.models.schema import ParamSchema, Schema
from fitprint.models.types import DataType

__all__ = ["enforce_inputs", "enforce_params", "extra_inputs", "extra_params"]


@dataclass(frozen=True)
class _Plan:
    """What a schema of columns asks for. It is worked out once for each schema."""

    names: list[Hashable] | None
    dtypes: list[Any] | None
    """The numpy dtypes of the columns, if only columns of exactly these dtypes need no conversion."""
    types: list[Any]


def validate_schema(data: Any, expected_schema: Schema) -> None:
    """Check whether data fits a schema, with MLflow's name and rules.

    Args:
        data: Inputs or predictions.
        expected_schema: The schema that they have to fit.

    Raises:
        SchemaError: They do not fit; the message has a line for each column or tensor that does not.
    """
    enforce_inputs(data, expected_schema)


def enforce_inputs(data: Any, schema: Schema, *, lossless: bool = False) -> Any:
    """Return the data as the schema of a model's inputs describes it.

    Columns and tensors that the schema lacks are dropped. `extra_inputs` names them; with `lossless`, so does a log
    line of the logger "fitprint".

    Args:
        data: What the caller passes to `predict`.
        schema: The schema of the model's inputs.
        lossless: Whether to accept, beyond what MLflow accepts, what can be converted without changing a value.

    Returns:
        For columns, a DataFrame with the columns in the order of the schema, without optional columns that the data
        lacks. For a tensor without a name, an ndarray or a CSR or CSC matrix; for tensors with names, a dict of
        ndarrays. Data that fits already is returned as it is, without a copy.

    Raises:
        SchemaError: The data does not fit; the message has a line for each column or tensor that does not.
    """
    if lossless:
        extra = extra_inputs(data, schema)
        if extra:
            warn_user(f"inputs that are not in the signature are dropped: {extra}")
    if schema.is_tensor_spec():
        return enforce_tensors(data, schema, lossless)
    frame = as_frame(data, schema, lossless)
    plan = _plan(schema)
    ready = _as_ready(frame, plan, lossless)
    return _convert(frame, schema, plan, lossless) if ready is None else ready


def enforce_params(params: Any, schema: ParamSchema | None, *, lossless: bool = False) -> Any:
    """Return the params that the model gets at prediction.

    Params that the schema lacks are dropped. `extra_params` names them; with `lossless`, so does a log line of the
    logger "fitprint".

    Args:
        params: The params that the caller passes to `predict`, or None.
        schema: The schema of the params, or None if the model takes none.
        lossless: Whether to accept, beyond what MLflow accepts, values that can be converted without a change, for
            example whole floats as integers.

    Returns:
        The params as plain Python values, then the defaults of those that the caller does not pass. Without a schema,
        None and `{}` are returned as they are, and `{}` for everything else.

    Raises:
        SchemaError: `params` is not a dict, or values do not fit; the message has a line for each that does not.
    """
    if schema is None:
        return params if params is None or params == {} else {}
    if params is not None and not isinstance(params, dict):
        raise SchemaError([f"expected a dict, got {type(params).__name__}"], "The params are not a dict")
    if lossless and extra_params(params, schema):
        warn_user(f"params that are not in the signature are dropped: {extra_params(params, schema)}")
    specs = {spec.name: spec for spec in schema}
    values = {str(name): value for name, value in (params or {}).items() if str(name) in specs}
    problems = []
    for name, value in values.items():
        try:
            values[name] = convert_param(value, specs[name].dtype, specs[name].shape, lossless=lossless)
        except ValueError as error:
            problems.append(f"param {name!r}: {error}")
    if problems:
        raise SchemaError(problems, "The params do not fit the model's signature")
    return values | {name: spec.default for name, spec in specs.items() if name not in values}


def extra_inputs(data: Any, schema: Schema) -> list[Hashable]:
    """Return the inputs that `enforce_inputs` drops because the schema lacks them.

    Args:
        data: What the caller passes to `predict`.
        schema: The schema of the model's inputs.

    Returns:
        Labels of columns of a DataFrame, or keys of a dict; an empty list for other data.
    """
    labels = getattr(data, "columns", data if isinstance(data, dict) else ())
    if not schema.has_input_names():
        return [] if schema.is_tensor_spec() else list(labels)[len(schema) :]
    known = _plan(schema).names
    listed = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    return [] if listed == known else [label for label in listed if label not in set(known or ())]


def unexpectedly_missing(data: Any, schema: Schema) -> list[Hashable]:
    """Return the columns in which values are missing although the schema says that they are required.

    Args:
        data: What `enforce_inputs` has returned.
        schema: The schema of the model's inputs.

    Returns:
        Labels of columns of a DataFrame; an empty list for other data.
    """
    if not hasattr(data, "iloc") or not hasattr(data, "columns") or not schema.has_input_names():
        return []
    lacking = [label for label, count in zip(column_labels(data), missing_counts(data), strict=True) if count]
    required = set(schema.required_input_names()) if lacking else set()
    return [label for label in lacking if label in required]


def check_row_count(predictions: Any, data: Any) -> None:
    """Check that there is a prediction for each row.

    Args:
        predictions: What the model returned.
        data: What it was given. One row may stand for several, as a period of a time series does.

    Raises:
        SchemaError: There are more rows than one, and another number of predictions.
    """
    rows, count = row_count(data), row_count(predictions)
    if rows is None or count is None or rows <= 1 or rows == count:
        return
    kind = type(data).__name__
    hint = (
        ": a model of texts takes them as a list or as one column, not as a table" if hasattr(data, "columns") else ""
    )
    raise SchemaError(
        [f"{count} for {rows} rows of the {kind}{hint}"], "The model does not predict each row of the data"
    )


def extra_params(params: Any, schema: ParamSchema) -> list[str]:
    """Return the names of the params that `enforce_params` drops because the schema lacks them.

    Args:
        params: The params that the caller passes to `predict`.
        schema: The schema of the params.

    Returns:
        The names, in the order of `params`.
    """
    known = {spec.name for spec in schema}
    return [str(name) for name in params or () if str(name) not in known]


def _plan(schema: Schema) -> _Plan:
    plan = schema.cache.get("plan")
    if plan is None:
        types = schema.input_types()
        scalar_types = {column_type for column_type in types if isinstance(column_type, DataType)}
        numpy_dtypes = {scalar_type: scalar_type.to_numpy() for scalar_type in scalar_types}
        are_fixed = len(numpy_dtypes) == len(set(types)) and not numpy_dtypes.keys() & TEXT_LIKE
        dtypes = [numpy_dtypes[column_type] for column_type in types] if are_fixed else None
        plan = _Plan(schema.input_names() if schema.has_input_names() else None, dtypes, types)
        schema.cache["plan"] = plan  # two threads may both work it out, with the same result
    return plan


def _as_ready(frame: Any, plan: _Plan, lossless: bool) -> Any:
    """Return the DataFrame with its columns in order, cast as a whole if need be; None if that is not enough."""
    labels = column_labels(frame)
    if plan.names is not None and labels != plan.names and set(plan.names) <= set(labels):
        frame = _in_order(frame, labels, plan.names)
    elif labels != plan.names and (plan.names is not None or len(labels) != len(plan.types)):
        return None
    dtypes = frame.dtypes.tolist()
    if len(dtypes) != len(plan.types) or not frame.columns.is_unique:
        return None
    if dtypes == plan.dtypes or all(_are_kept(dtypes, plan.types, lossless)):
        return frame
    return _cast_whole(frame, dtypes, plan, lossless)


def _in_order(frame: Any, labels: list[Any], names: list[Hashable]) -> Any:
    """Return `frame[names]` in a quarter of the time, most of which pandas spends on finding the labels."""
    positions = {label: position for position, label in enumerate(labels)}
    if len(positions) < len(labels):
        return frame[names]  # two columns have the same label, and this takes both
    return frame.take([positions[name] for name in names], axis=1)


def _cast_whole(frame: Any, dtypes: list[Any], plan: _Plan, lossless: bool) -> Any:
    """Cast a DataFrame of one dtype to the one that all columns ask for; return None if that is not possible."""
    targets = set(plan.dtypes or ())
    if len(targets) != 1 or len(set(dtypes)) > 1 or not hasattr(dtypes[0], "byteorder"):
        return None  # pandas' own dtypes have no byte order
    target = targets.pop()
    if lossless:
        may_be_cast = fits_exactly(frame.to_numpy(), target)
    else:
        may_be_cast = dtypes[0].kind in "iuf" and is_upcast(dtypes[0], target)
    return frame.astype(target) if may_be_cast else None


def _are_kept(dtypes: list[Any], types: list[Any], lossless: bool) -> list[bool]:
    """Return for each column whether it stays as it is; columns of the same dtype and type are decided together."""
    pairs = [(id(dtype), column_type) for dtype, column_type in zip(dtypes, types, strict=True)]
    dtype_of_pair = dict(zip(pairs, dtypes, strict=True))
    is_kept = {pair: _is_kept(dtype, pair[1], lossless) for pair, dtype in dtype_of_pair.items()}
    return [is_kept[pair] for pair in pairs]


def _is_kept(dtype: Any, column_type: Any, lossless: bool) -> bool:
    if isinstance(column_type, DataType):
        return is_ready(dtype, column_type)
    return column_type == ANY and lossless


def _convert(frame: Any, schema: Schema, plan: _Plan, lossless: bool) -> Any:
    import pandas as pd

    labels = frame.columns.tolist()
    names = labels[: len(schema)] if plan.names is None else plan.names
    if len(names) < len(schema):
        raise SchemaError([f"expected {len(schema)} columns, got {len(labels)}: {labels}"])
    ready = _ready_labels(frame, labels, names, plan, lossless)
    problems, converted = [], {}
    for name, spec in zip(names, schema, strict=True):
        if name in ready:
            continue
        if name not in frame:
            if spec.required:
                problems.append(f"column {name!r}: missing, expected {spec.type}; {_hint(name, labels, plan)}")
            continue
        try:
            converted[name] = _convert_one(frame[name], spec, lossless)
        except ValueError as error:
            problems.append(f"column {name!r}: {error}")
    if problems:
        raise SchemaError(problems)
    if not ready:
        return pd.DataFrame(converted)
    present = [name for name in names if name in ready or name in converted]
    untouched = pd.DataFrame(_in_order(frame, labels, [name for name in present if name in ready]))
    whole = pd.concat([untouched, pd.DataFrame(converted)], axis=1) if converted else untouched
    whole = _in_order(whole, whole.columns.tolist(), present)
    whole.columns = pd.Index(present)
    return whole


def _ready_labels(frame: Any, labels: list[Any], names: list[Any], plan: _Plan, lossless: bool) -> set[Any]:
    """Return the labels of the columns that need no conversion. Taken together, they stay in pandas' blocks."""
    if not frame.columns.is_unique or len(set(labels)) < len(labels):
        return set()
    dtype_of = dict(zip(labels, frame.dtypes.tolist(), strict=True))
    present = [(name, column_type) for name, column_type in zip(names, plan.types, strict=True) if name in dtype_of]
    are_kept = _are_kept([dtype_of[name] for name, _ in present], [column_type for _, column_type in present], lossless)
    return {name for (name, _), is_kept in zip(present, are_kept, strict=True) if is_kept}


def _convert_one(column: Any, spec: Any, lossless: bool) -> Any:
    import pandas as pd

    if column.ndim > 1:
        raise ValueError(f"{column.shape[1]} columns have this label; rename them so that each label stands once")
    if isinstance(spec.type, DataType):
        return convert_column(column, spec.type, lossless=lossless)
    if lossless and spec.type == ANY:
        return column
    values = []
    for position, value in enumerate(column):
        try:
            values.append(enforce_value(value, spec.type, spec.required, lossless=lossless))
        except (ValueError, TypeError) as error:
            raise ValueError(f"row {position}: {error}") from error
    return pd.Series(values, index=column.index, name=column.name)


def _hint(name: Hashable, labels: list[Any], plan: _Plan) -> str:
    similar = [label for label in labels if str(label).lower() == str(name).lower()]
    if similar:
        return f"did you mean {similar[0]!r}? Rename it to {name!r}"
    extra = [label for label in labels if label not in set(plan.names or ())]
    if extra:
        return f"add it, or rename one of the columns {extra}, which are not in the signature"
    return f"add it; the data has the columns {labels}"


publish("fitprint.models", validate_schema)
