"""Requests of the Open Inference Protocol, version 2, over REST: tensors with a datatype each, or a column each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import chain
from typing import Any

from fitprint.models.schema import Schema, TensorSpec
from fitprint.models.types import DataType, FieldType
from fitprint.serving import bodies, tensors
from fitprint.serving.errors import RequestError
from fitprint.serving.faults import MISFIT, Faults, kind_of
from fitprint.serving.params import params_of
from fitprint.serving.request import Request
from fitprint.serving.served import ServedModel
from fitprint.serving.tables import Plan, Table, plan_of, table
from fitprint.serving.values import Unfit

DATATYPES: Mapping[str, str] = {
    "BOOL": "bool",
    **{f"{sign}INT{bits}": f"{sign.lower()}int{bits}" for sign in ("U", "") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": f"float{bits}" for bits in (16, 32, 64)},
    "BYTES": "object",
}
"""The datatypes of the protocol, with the numpy dtypes of their values."""
_LARGEST = 2**57
"""Items of an array, whose bytes must be countable in 64 bits."""
_OF_COLUMN: Mapping[FieldType, tuple[str, str | None]] = {
    DataType.boolean: ("BOOL", None),
    DataType.integer: ("INT32", None),
    DataType.long: ("INT64", None),
    DataType.float: ("FP32", None),
    DataType.double: ("FP64", None),
    DataType.string: ("BYTES", "str"),
    DataType.binary: ("BYTES", "base64"),
    DataType.datetime: ("BYTES", "datetime"),
}
_CONTENT_TYPES = ("np", "pd", "str", "base64", "datetime", "pd_json")


def metadata_of(schema: Schema | None, unnamed: str, first: int = 0) -> list[dict[str, Any]]:
    """Return the inputs or outputs of a signature as the protocol describes them.

    Args:
        schema: The schema; None if it is unknown.
        unnamed: What a tensor or column is called that has no name; its number follows.
        first: The number of the first one.

    Returns:
        An entry with ``name``, ``datatype``, ``shape`` and, where values are encoded, ``parameters`` for each.
    """
    entries: list[dict[str, Any]] = []
    for number, spec in enumerate(schema or (), first):
        name = str(spec.name) if spec.name is not None else f"{unnamed}-{number}"
        if isinstance(spec, TensorSpec):
            entries.append({"name": name, "datatype": datatype_of(spec.type), "shape": list(spec.shape)})
            continue
        datatype, codec = datatype_of_column(spec.type)
        parameters = {"parameters": {"content_type": codec}} if codec is not None else {}
        entries.append({"name": name, "datatype": datatype, "shape": [-1, 1], **parameters})
    return entries


def datatype_of_column(kind: FieldType) -> tuple[str, str | None]:
    """Return the datatype and the codec of a column, as MLServer's runtime for MLflow declares them; None for no codec.

    Args:
        kind: The type of the column.
    """
    return _OF_COLUMN.get(kind, ("BYTES", "pd_json"))


def datatype_of(dtype: Any) -> str:
    """Return the datatype of the protocol for a numpy dtype."""
    return next((datatype for datatype, name in DATATYPES.items() if name == dtype.name), "BYTES")


def open_inference(body: bytes, model: ServedModel) -> Request:
    """Decode a request for ``infer``.

    Args:
        body: The body, which is JSON.
        model: The model that is asked.

    Returns:
        The request, which fits the model's signature. Its `echo` has ``id``, ``outputs`` and ``parameters``.

    Raises:
        RequestError: It does not, or cannot be read.
    """
    content = bodies.read_json(body)
    if not isinstance(content, dict) or not isinstance(content.get("inputs"), list):
        raise RequestError(400, "The body must be a JSON object with the key inputs, a list of tensors.")
    parameters = _mapping(content.get("parameters"), "parameters")
    sent = [_Input(number, entry) for number, entry in enumerate(content["inputs"])]
    names = [one.name for one in sent]
    if len(set(names)) < len(names):
        raise RequestError(400, "Two inputs have the same name; each name may stand once.")
    echo = {"id": content.get("id"), "outputs": _outputs(content.get("outputs")), "parameters": parameters}
    if echo["id"] is not None and not isinstance(echo["id"], str):
        raise RequestError(400, "The key id must be a text.")
    known = {spec.name for spec in model.params or ()}
    params = params_of(
        {name: value for name, value in parameters.items() if name in known or name not in _OF_PROTOCOL}, model.params
    )
    schema = model.inputs
    if schema is None:
        made = _unchecked(sent, parameters)
        return Request(made.content, params, made.rows, echo=echo, can_batch=False)
    if schema.is_tensor_spec():
        data, ignored = _tensors(schema, sent)
        return Request(data, params, tensors.rows_of(data), ignored, echo, tensors.is_batchable(schema))
    made = _table(plan_of(model), sent)
    return Request(made.content, params, made.rows, made.ignored, echo, form=made.form)


_OF_PROTOCOL = frozenset({"content_type", "headers", "binary_data_output", "sequence_id", "sequence_start",
                          "sequence_end", "priority", "timeout"})  # fmt: skip
"""Parameters of requests that mean something to a server, and are no params of a model."""


class _Input:
    """One entry of ``inputs``, checked in itself: as many items as its shape says, each of its datatype."""

    def __init__(self, number: int, entry: Any) -> None:
        if not isinstance(entry, dict):
            raise RequestError(400, f"Input {number} must be an object, not {kind_of(entry)}.")
        lacking = [key for key in ("name", "shape", "datatype", "data") if key not in entry]
        if lacking:
            hint = "; binary data is not supported" if lacking == ["data"] else ""
            raise RequestError(400, f"Input {number} lacks the key {lacking[0]}{hint}.")
        self.name, self.datatype = entry["name"], entry["datatype"]
        if not isinstance(self.name, str) or self.datatype not in list(DATATYPES):
            raise RequestError(400, f"Input {number}: name must be a text, and datatype one of {', '.join(DATATYPES)}.")
        self.shape = self._shape(number, entry["shape"])
        self.content_type = _mapping(entry.get("parameters"), "parameters").get("content_type")
        if self.content_type is not None and self.content_type not in _CONTENT_TYPES:
            raise RequestError(400, f"Input {number}: the content type must be one of {', '.join(_CONTENT_TYPES)}.")
        self.items = self._items(number, entry["data"])

    @staticmethod
    def _shape(number: int, shape: Any) -> tuple[int, ...]:
        if not isinstance(shape, list) or not all(type(axis) is int and 0 <= axis < 2**40 for axis in shape):
            raise RequestError(400, f"Input {number}: shape must be a list of whole numbers.")
        if len(shape) > 32:
            raise RequestError(400, f"Input {number}: shape has more than 32 axes.")
        if 0 in shape and math.prod(max(axis, 1) for axis in shape) >= _LARGEST:  # which numpy refuses all the same
            raise RequestError(400, f"Input {number}: shape is larger than an array can be.")
        return tuple(shape)

    def _items(self, number: int, data: Any) -> list[Any]:
        """Return the items in a row, from flat or nested lists; a single item needs no list."""
        items = data if isinstance(data, list) else [data]
        for _ in range(32):
            if not any(isinstance(item, list) for item in items):
                break
            if not all(isinstance(item, list) for item in items):
                raise RequestError(400, f"Input {number}: data mixes lists and items.")
            items = list(chain.from_iterable(items))
        count = math.prod(self.shape)
        if len(items) != count:
            raise RequestError(400, f"Input {number}: data has {len(items)} items, and its shape is for {count}.")
        return items

    def array(self) -> Any:
        """Return the tensor, of the dtype of its datatype; for BYTES, of texts.

        Raises:
            Unfit: An item is not of the datatype.
        """
        import numpy as np

        dtype = np.dtype(DATATYPES[self.datatype])
        if self.datatype == "BYTES":
            array = np.empty(len(self.items), dtype=object)
            array[:] = self.items
            if not all(isinstance(item, str) for item in self.items):
                raise Unfit("the items of BYTES must be texts")
        else:
            array = tensors.array_of(self.items, dtype)
            if array.dtype != dtype and array.size:
                array = _exactly(array, dtype)
        return array.reshape(self.shape)


def _exactly(array: Any, dtype: Any) -> Any:
    from fitprint.models.enforcement_values import fits_exactly

    if not fits_exactly(array, dtype):
        raise Unfit(f"it has numbers that are not {dtype.name}")
    return array.astype(dtype)


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RequestError(400, f"The key {what} must be an object.")
    return value


def _outputs(outputs: Any) -> list[str] | None:
    """Return the names of the outputs that are asked for; None for all."""
    if outputs is None or outputs == []:
        return None
    if not isinstance(outputs, list) or not all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in outputs
    ):
        raise RequestError(400, "The key outputs must be a list of objects, each with a name.")
    return [one["name"] for one in outputs]


def _tensors(schema: Schema, sent: list[_Input]) -> tuple[Any, tuple[str, ...]]:
    specs: list[Any] = schema.inputs
    by_name = {one.name: one for one in sent}
    if not schema.has_input_names() and len(sent) != 1:
        raise RequestError(400, "The model takes one tensor: send exactly one input.", MISFIT)
    faults, made = Faults(), {}
    for spec in specs:
        one = sent[0] if spec.name is None or len(specs) == len(sent) == 1 else by_name.get(str(spec.name))
        if one is None:
            faults.add("the tensor is missing", column=spec.name, expected=str(list(spec.shape)), got="nothing")
            continue
        try:
            made[spec.name] = tensors.as_tensor(_for_tensor(one, spec), spec)
        except Unfit as error:
            faults.add(str(error), column=one.name, expected=f"{spec.type.name} {list(spec.shape)}", got=one.datatype)
    faults.check()
    known = {str(spec.name) for spec in specs}
    ignored = () if len(specs) == len(sent) else tuple(name for name in by_name if name not in known)
    return (made if schema.has_input_names() else made[None]), ignored


def _for_tensor(one: _Input, spec: TensorSpec) -> Any:
    array = one.array()
    return tensors.array_of(array.tolist(), spec.type) if one.datatype == "BYTES" else array


def _table(plan: Plan, sent: list[_Input]) -> Table:
    """Return a table of inputs that are one column each, or of one input that has all columns."""
    whole = len(sent) == 1 and len(sent[0].shape) == 2 and sent[0].shape[1] == len(plan.columns) > 1
    faults = Faults()
    if whole:
        rows = _items(sent[0], faults, nested=True)
        faults.check()
        return table(plan, None, rows, by_row=True, rows=sent[0].shape[0], faults=faults)
    lengths = {one.shape[0] if one.shape else 1 for one in sent}
    if len(lengths) > 1:
        raise RequestError(400, "The inputs are columns, and must have the same number of rows.", MISFIT)
    columns = [_column(plan, one, faults) for one in sent]
    faults.check()
    return table(
        plan, [one.name for one in sent], columns, by_row=False, rows=lengths.pop() if lengths else 0, faults=faults
    )


def _items(one: _Input, faults: Faults, nested: bool = False) -> Any:
    try:
        array = one.array()
    except Unfit as error:
        faults.add(str(error), column=one.name, expected=one.datatype, got="other items")
        return []
    return array.tolist() if nested else array.ravel().tolist()


def _column(plan: Plan, one: _Input, faults: Faults) -> list[Any]:
    """Return the values of one column as JSON has them; texts that hold JSON are parsed where the column is nested."""
    if len(one.shape) not in (1, 2) or one.shape[1:] not in ((), (1,)):
        faults.add("a column must have the shape [rows, 1]", column=one.name, got=f"shape {list(one.shape)}")
        return []
    position = plan.position.get(one.name)
    if position is None:
        return one.items
    column = plan.columns[position]
    if one.datatype != "BYTES":
        return _items(one, faults)  # type: ignore[no-any-return]
    is_nested = not isinstance(column.type, DataType) and column.exact is None
    if one.content_type != "pd_json" and not (is_nested and one.content_type is None):
        return one.items
    try:
        return [None if item is None else bodies.read_json(str(item).encode("utf-8", "replace")) for item in one.items]
    except RequestError:
        faults.add("the items must be texts that hold JSON", column=one.name, expected=column.expected, got="text")
        return []


def _unchecked(sent: list[_Input], parameters: Mapping[str, Any]) -> Table:
    """Return what was sent to a model without a signature: a DataFrame, an ndarray, or a dict of ndarrays."""
    import pandas as pd

    faults = Faults()
    arrays = {}
    for one in sent:
        try:
            arrays[one.name] = one.array()
        except Unfit as error:
            faults.add(str(error), column=one.name, expected=one.datatype)
    faults.check("The inputs do not have their datatypes")
    if parameters.get("content_type") == "pd":
        columns = {name: array.ravel() for name, array in arrays.items() if array.ndim}
        if len(set(map(len, columns.values()))) > 1:
            raise RequestError(400, "The inputs are columns, and must have the same number of rows.", MISFIT)
        frame = pd.DataFrame(columns)
        return Table(frame, len(frame))
    data: Any = next(iter(arrays.values())) if len(arrays) == 1 else arrays
    return Table(data, tensors.rows_of(data) if arrays else 0)
