"""Checking data and params against a signature before a model sees them.

Strict, it is what MLflow 3.17 does at predict; lossless, it also takes what converts without losing a value.
Either way everything wrong is reported at once, in one SchemaError.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from fitprint._core.guard import warn_user
from fitprint.models.enforcement_columns import TEXT_LIKE, convert_column, is_ready, is_upcast
from fitprint.models.enforcement_frames import as_frame
from fitprint.models.enforcement_numbers import fits_exactly
from fitprint.models.enforcement_tensors import enforce_tensors
from fitprint.models.enforcement_values import enforce_value
from fitprint.models.errors import SchemaError
from fitprint.models.inference_columns import column_labels
from fitprint.models.inference_values import ANY
from fitprint.models.param_values import convert_param
from fitprint.models.schema import ParamSchema, Schema
from fitprint.models.types import DataType

__all__ = ["enforce_inputs", "enforce_params", "extra_inputs", "extra_params"]


@dataclass(frozen=True)
class _Plan:
    """What one schema of columns asks for, worked out once."""

    names: list[Hashable] | None
    dtypes: list[Any] | None  # the numpy dtypes, when every column has one that says it all
    types: list[Any]


def enforce_inputs(data: Any, schema: Schema, *, lossless: bool = False) -> Any:
    """The data as the model expects it.

    Columns give a DataFrame (n, columns of the schema in its order; absent optional ones stay absent),
    an unnamed tensor an ndarray or a CSR or CSC matrix, named tensors a dict of ndarrays. Data that fits
    already comes back as it is, without a copy. Extra columns and tensors are dropped; with `lossless`
    a log line of "fitprint" names them, and `extra_inputs` always can.

    Raises SchemaError with a line per column or tensor at fault.
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
    """The params the model gets: those given, as plain Python values, then the defaults of the others.

    Unknown names are dropped; with `lossless` a log line of "fitprint" names them, and whole floats pass
    as integers. Without a schema, None and `{}` come back as they are and anything else as `{}`.

    Raises SchemaError with a line per param at fault, or when `params` is no dict.
    """
    if schema is None:
        return params if params is None or params == {} else {}
    if params is not None and not isinstance(params, dict):
        raise SchemaError([f"expected a dict of params, got {type(params).__name__}"], "Bad params")
    if lossless and extra_params(params, schema):
        warn_user(f"params that are not in the signature are dropped: {extra_params(params, schema)}")
    specs = {spec.name: spec for spec in schema}
    given = {str(name): value for name, value in (params or {}).items() if str(name) in specs}
    problems = []
    for name, value in given.items():
        try:
            given[name] = convert_param(value, specs[name].dtype, specs[name].shape, lossless=lossless)
        except ValueError as error:
            problems.append(f"param {name!r}: {error}")
    if problems:
        raise SchemaError(problems, "The params do not fit the model's signature")
    return given | {name: spec.default for name, spec in specs.items() if name not in given}


def extra_inputs(data: Any, schema: Schema) -> list[Hashable]:
    """The columns of a DataFrame, or the keys of a dict, that `enforce_inputs` drops: not in the schema."""
    labels = getattr(data, "columns", data if isinstance(data, dict) else ())
    if not schema.has_input_names():
        return [] if schema.is_tensor_spec() else list(labels)[len(schema) :]
    known = _plan(schema).names
    listed = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    return [] if listed == known else [label for label in listed if label not in set(known or ())]


def extra_params(params: Any, schema: ParamSchema) -> list[str]:
    """The names of params that `enforce_params` drops: not in the schema."""
    known = {spec.name for spec in schema}
    return [str(name) for name in params or () if str(name) not in known]


def _plan(schema: Schema) -> _Plan:
    plan = schema.cache.get("plan")
    if plan is None:
        types = schema.input_types()
        numpy_dtypes = {each: each.to_numpy() for each in set(types) if isinstance(each, DataType)}
        are_fixed = len(numpy_dtypes) == len(set(types)) and not numpy_dtypes.keys() & TEXT_LIKE
        dtypes = [numpy_dtypes[each] for each in types] if are_fixed else None
        plan = _Plan(schema.input_names() if schema.has_input_names() else None, dtypes, types)
        schema.cache["plan"] = plan  # two threads may both work it out, to the same end
    return plan


def _as_ready(frame: Any, plan: _Plan, lossless: bool) -> Any:
    """The frame as it is, its columns put in order, or cast as a whole; None where that is not enough."""
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
    """`frame[names]`, in a quarter of its time: looking labels up is most of it."""
    positions = {label: position for position, label in enumerate(labels)}
    if len(positions) < len(labels):
        return frame[names]  # a label twice gives both columns
    return frame.take([positions[name] for name in names], axis=1)


def _cast_whole(frame: Any, dtypes: list[Any], plan: _Plan, lossless: bool) -> Any:
    """The frame in the one dtype all columns ask for, if it is of one dtype and may be converted; None otherwise."""
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
    """Whether each column stays as it is, asked once for all columns of one dtype and one type."""
    pairs = [(id(dtype), wanted) for dtype, wanted in zip(dtypes, types, strict=True)]
    once = dict(zip(pairs, dtypes, strict=True))
    of_pair = {(key, wanted): _is_kept(dtype, wanted, lossless) for (key, wanted), dtype in once.items()}
    return [of_pair[pair] for pair in pairs]


def _is_kept(dtype: Any, wanted: Any, lossless: bool) -> bool:
    if isinstance(wanted, DataType):
        return is_ready(dtype, wanted)
    return wanted == ANY and lossless


def _convert(frame: Any, schema: Schema, plan: _Plan, lossless: bool) -> Any:
    import pandas as pd

    labels = frame.columns.tolist()
    names = labels[: len(schema)] if plan.names is None else plan.names
    if len(names) < len(schema):
        raise SchemaError([f"expected {len(schema)} columns, got {len(labels)}: {labels}"])
    kept = _kept_labels(frame, labels, names, plan, lossless)
    problems, converted = [], {}
    for name, spec in zip(names, schema, strict=True):
        if name in kept:
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
    if not kept:
        return pd.DataFrame(converted)
    present = [name for name in names if name in kept or name in converted]
    untouched = pd.DataFrame(_in_order(frame, labels, [name for name in present if name in kept]))
    whole = pd.concat([untouched, pd.DataFrame(converted)], axis=1) if converted else untouched
    whole = _in_order(whole, whole.columns.tolist(), present)
    whole.columns = pd.Index(present)
    return whole


def _kept_labels(frame: Any, labels: list[Any], names: list[Any], plan: _Plan, lossless: bool) -> set[Any]:
    """The columns that need no conversion: taken over together, they stay in their blocks."""
    if not frame.columns.is_unique or len(set(labels)) < len(labels):
        return set()
    have = dict(zip(labels, frame.dtypes.tolist(), strict=True))
    wanted = [(name, dtype) for name, dtype in zip(names, plan.types, strict=True) if name in have]
    are_kept = _are_kept([have[name] for name, _ in wanted], [dtype for _, dtype in wanted], lossless)
    return {name for (name, _), is_kept in zip(wanted, are_kept, strict=True) if is_kept}


def _convert_one(column: Any, spec: Any, lossless: bool) -> Any:
    import pandas as pd

    if column.ndim > 1:
        raise ValueError(f"{column.shape[1]} columns have this label; give each its own")
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
    near = [label for label in labels if str(label).lower() == str(name).lower()]
    if near:
        return f"did you mean {near[0]!r}? Rename it to {name!r}"
    extra = [label for label in labels if label not in set(plan.names or ())]
    return f"add it (extra columns: {extra})" if extra else f"add it to {labels}"
