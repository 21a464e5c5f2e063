"""Tensors in JSON: nested lists as ndarrays of the dtypes and shapes of a signature, without changing a number."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from fitprint.models.enforcement_tensors import fit
from fitprint.models.schema import Schema, TensorSpec
from fitprint.serving import values
from fitprint.serving.errors import RequestError
from fitprint.serving.faults import MISFIT, Faults, kind_of
from fitprint.serving.numbers import EXACT, narrow_floats
from fitprint.serving.values import Unfit

_DEEPEST = 32
"""The axes that numpy allows at least."""


def tensors_of(schema: Schema, data: Any) -> Any:
    """Return what stands in ``inputs``: a nested list for one tensor, an object of nested lists for tensors with names.

    Args:
        schema: The schema, whose specs are tensors.
        data: What the caller has sent.

    Returns:
        An ndarray, or a dict of ndarrays.

    Raises:
        RequestError: It does not fit the signature.
    """
    specs: list[Any] = schema.inputs
    faults = Faults()
    if not schema.has_input_names():
        if isinstance(data, dict):
            raise RequestError(400, "The model takes one tensor without a name: send a nested list.", MISFIT)
        made = _tensor(specs[0], data, faults)
        faults.check()
        return made
    if len(specs) == 1 and isinstance(data, list):
        data = {specs[0].name: data}
    if not isinstance(data, dict):
        raise RequestError(400, f"Send an object with the tensors {_names(specs)}.", MISFIT)
    tensors = {}
    for spec in specs:
        label = str(spec.name)
        if label not in data:
            faults.add("the tensor is missing", column=label, expected=_expected(spec), got="nothing")
            continue
        tensors[spec.name] = _tensor(spec, data[label], faults)
    faults.check()
    return tensors


def of_instances(schema: Schema, instances: Any) -> Any:
    """Return what stands in ``instances``, where each item has one row of each tensor; see `tensors_of`."""
    if isinstance(instances, list) and instances and all(isinstance(item, dict) for item in instances):
        keys = instances[0].keys()
        if any(item.keys() != keys for item in instances):
            raise RequestError(400, "Each of the instances must have the same tensors.", MISFIT)
        return tensors_of(schema, {name: [item[name] for item in instances] for name in keys})
    return tensors_of(schema, instances)


def extra_tensors(schema: Schema, data: Any) -> tuple[str, ...]:
    """Return the names of tensors that the signature lacks."""
    if not isinstance(data, Mapping) or not schema.has_input_names():
        return ()
    known = set(map(str, schema.input_names()))
    return tuple(str(name) for name in data if str(name) not in known)


def rows_of(data: Any) -> int | None:
    """Return the length of the first axis of tensors; None if they have none, or different ones."""
    arrays = data.values() if isinstance(data, dict) else [data]
    lengths = {array.shape[0] if getattr(array, "ndim", 0) else None for array in arrays}
    return lengths.pop() if len(lengths) == 1 else None


def is_batchable(schema: Schema) -> bool:
    """Return whether the first axis of each tensor stands for rows."""
    return all(isinstance(spec, TensorSpec) and spec.shape[:1] == (-1,) for spec in schema)


def _tensor(spec: TensorSpec, sent: Any, faults: Faults) -> Any:
    try:
        return as_tensor(sent, spec)
    except Unfit as error:
        expected = _expected(spec)
        faults.add(f"expected {expected}; {error}", column=spec.name, expected=expected, got=kind_of(sent))
    return None


def as_tensor(sent: Any, spec: TensorSpec) -> Any:
    """Return a nested list, or an ndarray, as the tensor that the signature asks for.

    Raises:
        Unfit: It does not fit.
    """
    import numpy as np

    array = sent if isinstance(sent, np.ndarray) else array_of(sent, spec.type)
    if array.size == 0 and array.ndim < len(spec.shape):  # an empty list does not tell the further axes
        array = array.reshape((0, *(max(axis, 0) for axis in spec.shape[1:])))
    try:
        return fit(array.astype(spec.type) if array.size == 0 else array, spec, lossless=True)
    except (ValueError, TypeError, OverflowError) as error:
        shape = str(error).startswith("expected the shape")
        raise Unfit(
            f"its shape is {list(array.shape)}" if shape else f"it has items that are not {spec.type}"
        ) from None


def array_of(sent: Any, dtype: Any) -> Any:
    """Return a nested list as an ndarray of a dtype.

    Raises:
        Unfit: Its parts differ in length, or an item is not of the dtype.
    """
    import numpy as np

    kinds = _kinds(sent)
    allowed = _KINDS.get(dtype.kind)
    if allowed is None:
        return _objects(sent)
    if not kinds <= allowed:
        names = ", ".join(sorted({kind_of(kind()) for kind in kinds - allowed}))
        raise Unfit(f"it has items that are not {_WORDS[dtype.kind]} ({names})")
    if dtype.kind in "USM":
        array = _objects(sent)
        if dtype.kind == "M":
            flat = [values.moment(item) if item is not None else None for item in array.flat]
            return np.array(flat, dtype="datetime64[ns]").reshape(array.shape).astype(dtype)
        return array.astype(dtype) if dtype.kind == "U" else np.char.encode(array.astype(str), "utf-8")
    try:
        if dtype.kind in "iu" and kinds <= {int}:
            return _whole(sent, dtype)
        array = np.array(sent, dtype=bool if dtype.kind == "b" else np.float64)
    except OverflowError:
        raise Unfit(f"it has a whole number outside of the limits of {dtype.name}") from None
    except (ValueError, TypeError):
        raise Unfit("its parts have different lengths") from None
    if dtype.kind in "iu" and int in kinds and (np.abs(array) >= EXACT).any():
        raise Unfit("it has whole numbers beyond 2^53 beside numbers with a fraction point; send all without one")
    return array if dtype.kind in "biu" else _floats(array, dtype, int in kinds)


def _floats(array: Any, dtype: Any, from_integers: bool) -> Any:
    """Return floats in another size; a fraction is rounded to the nearest one, and nothing else is changed."""
    import numpy as np

    if from_integers and (np.abs(array) >= EXACT).any():
        raise Unfit("it has a whole number that a 64-bit float would change")
    narrow = narrow_floats(array, dtype)
    if narrow is None:
        raise Unfit(f"it has a number that {dtype.name} would change")
    return narrow


def _whole(sent: Any, dtype: Any) -> Any:
    """Return whole numbers as 64 bits; the numbers that only an unsigned one can hold are looked at one by one."""
    import numpy as np

    if dtype != np.uint64:
        return np.array(sent, dtype=np.int64)
    array = np.array(sent, dtype=object)
    if array.size and (min(array.flat) < 0 or max(array.flat) >= 2**64):
        raise OverflowError
    return array.astype(np.uint64)


def _objects(sent: Any) -> Any:
    import numpy as np

    try:
        return np.array(sent, dtype=object)
    except ValueError:
        raise Unfit("its parts have different lengths") from None


def _kinds(sent: Any) -> set[type]:
    """Return the types of the items of a nested list."""
    level: Any = [sent]
    for _ in range(_DEEPEST):
        kinds = set(map(type, level))
        if list not in kinds:
            return kinds
        if kinds != {list}:
            raise Unfit("its parts have different lengths")
        level = list(chain.from_iterable(level))
    raise Unfit("it is nested too deeply")


_KINDS: Mapping[str, set[type]] = {
    "b": {bool},
    "i": {int, float},
    "u": {int, float},
    "f": {int, float, type(None)},
    "U": {str},
    "S": {str},
    "M": {str, type(None)},
}
_WORDS = {
    "b": "truth values",
    "i": "whole numbers",
    "u": "whole numbers",
    "f": "numbers",
    "U": "texts",
    "S": "texts",
    "M": "times in ISO 8601",
}


def _expected(spec: TensorSpec) -> str:
    return f"a tensor {spec.type.name} {list(spec.shape)}"


def _names(specs: Any) -> str:
    return ", ".join(repr(str(spec.name)) for spec in specs)
