"""A package's example as requests of every protocol: for the OpenAPI document, and so for `--check`."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from fitprint.models.example import CHAT_KEYS
from fitprint.models.specs import ColSpec, TensorSpec
from fitprint.models.types import DataType
from fitprint.serving.json_types import with_zone
from fitprint.serving.open_inference import datatype_of, datatype_of_column
from fitprint.serving.served import ServedModel

MOST_ROWS = 5

Bodies = dict[str, Any]
"""The bodies of requests by what they show; each is what JSON can hold."""


class Examples:
    """The example of a package in the forms in which it can be sent; none of them if there is no example.

    Args:
        model: The package.
    """

    def __init__(self, model: ServedModel) -> None:
        example = model.example
        content = example.content if example is not None else {}
        self._schema = model.inputs
        self._params = example.params if example is not None else {}
        self._chat = content if not CHAT_KEYS.isdisjoint(content) and "inputs" not in content else None
        table = content.get("dataframe_split")
        self._columns: list[Any] | None = table.get("columns") if table else None
        self._rows: list[list[Any]] | None = self._zoned(table["data"][:MOST_ROWS]) if table else None
        self._inputs = self._few(content["inputs"]) if "inputs" in content else None
        self._is_named = bool(self._columns) and all(isinstance(label, str) for label in self._columns or ())

    def invocations(self) -> Bodies:
        """Return bodies for MLflow's route, by the key that holds the rows."""
        if self._chat is not None:
            return {"chat": {**self._chat, **self._params}}
        forms: Bodies = {}
        if self._rows is not None:
            forms["dataframe_split"] = self._split()
            if self._is_named:
                forms["dataframe_records"] = forms["instances"] = self._records()
                if self._schema is None or all(isinstance(dtype, DataType) for dtype in self._schema.input_types()):
                    columns = [list(values) for values in zip(*self._rows, strict=True)]
                    forms["inputs"] = dict(zip(self._columns or (), columns, strict=True))
        elif self._inputs is not None:
            forms["inputs"] = self._inputs
            if (instances := self._by_row()) is not None:
                forms["instances"] = instances
        return {key: self._with_params({key: value}) for key, value in forms.items()}

    def azure(self) -> Bodies:
        """Return bodies for Azure ML's route."""
        if self._rows is not None:
            table = {**self._split(), "index": list(range(len(self._rows)))}
            return {"table": self._with_params({"input_data": table if self._columns else self._rows})}
        return {} if self._inputs is None else {"values": self._with_params({"input_data": self._inputs})}

    def instances(self) -> Bodies:
        """Return bodies for the routes of KServe V1 and of Vertex AI."""
        if self._rows is None:
            rows = self._by_row()
        elif self._columns:  # names that are no texts cannot be keys
            rows = self._records() if self._is_named else None
        else:
            rows = self._rows
        return {} if rows is None else {"instances": self._with_params({"instances": rows}, "parameters")}

    def open_inference(self) -> Bodies:
        """Return bodies for the Open Inference Protocol."""
        if self._rows is not None and self._columns and self._is_named:
            columns = zip(self._columns, zip(*self._rows, strict=True), strict=True)
            inputs = [self._column(label, list(values)) for label, values in columns]
            # a column that is optional and has no value in the example is left out: BYTES and INT64 have no null
            inputs = [tensor for tensor in inputs if None not in tensor["data"] or tensor["datatype"].startswith("FP")]
            return {"columns": self._with_params({"parameters": {"content_type": "pd"}, "inputs": inputs}, None)}
        if self._inputs is None or self._schema is None or not self._schema.is_tensor_spec():
            return {}
        named = self._inputs if self._schema.has_input_names() else {"input-0": self._inputs}
        specs = [spec for spec in self._schema if isinstance(spec, TensorSpec)]
        tensors = [_tensor(name, spec, named[name]) for name, spec in zip(named, specs, strict=False)]
        return {"tensors": {"inputs": tensors}}

    def csv(self) -> str | None:
        """Return the rows as CSV, or None if CSV cannot hold them."""
        specs = [spec for spec in self._schema or () if isinstance(spec, ColSpec)]
        plain = all(isinstance(spec.type, DataType) and spec.type is not DataType.binary for spec in specs)
        if self._rows is None or not self._is_named or not specs or not plain:
            return None
        text = io.StringIO()
        csv.writer(text).writerows([self._columns or [], *self._rows])
        return text.getvalue()

    # ---- parts

    def _with_params(self, body: dict[str, Any], key: str | None = "params") -> dict[str, Any]:
        if not self._params:
            return body
        if key is None:
            return {**body, "parameters": {**body["parameters"], **self._params}}
        return {**body, key: self._params}

    def _few(self, values: Any) -> Any:
        """Return the first rows of values, unless the signature fixes how many there are."""
        tensors = [spec for spec in self._schema or () if isinstance(spec, TensorSpec)]
        if any(not spec.shape or spec.shape[0] >= 0 for spec in tensors):
            return values
        if isinstance(values, dict) and all(isinstance(tensor, list) for tensor in values.values()):
            return {name: tensor[:MOST_ROWS] for name, tensor in values.items()}
        return values[:MOST_ROWS] if isinstance(values, list) else values

    def _zoned(self, rows: list[list[Any]]) -> list[list[Any]]:
        """Return rows whose times say that they are in UTC where they said nothing, as `date-time` wants it."""
        if self._schema is None or self._schema.is_tensor_spec():
            return rows
        names = self._columns or self._schema.input_names()
        types = dict(zip(self._schema.input_names(), self._schema.input_types(), strict=True))
        times = {position for position, name in enumerate(names) if types.get(_label(name)) is DataType.datetime}
        return [[with_zone(value) if i in times else value for i, value in enumerate(row)] for row in rows]

    def _split(self) -> dict[str, Any]:
        return {**({"columns": self._columns} if self._columns else {}), "data": self._rows}

    def _records(self) -> list[dict[str, Any]]:
        return [dict(zip(self._columns or (), row, strict=True)) for row in self._rows or ()]

    def _by_row(self) -> list[Any] | None:
        """Return the values of the example with an entry for each row; None if it has no rows."""
        if isinstance(self._inputs, list):
            return self._inputs
        if not isinstance(self._inputs, dict) or self._schema is None or not self._schema.is_tensor_spec():
            return None
        lengths = {len(tensor) if isinstance(tensor, list) else -1 for tensor in self._inputs.values()}
        if len(lengths) != 1 or -1 in lengths:
            return None
        return [dict(zip(self._inputs, row, strict=True)) for row in zip(*self._inputs.values(), strict=True)]

    def _column(self, label: str, values: list[Any]) -> dict[str, Any]:
        types = {spec.name: spec.type for spec in self._schema or () if isinstance(spec, ColSpec)}
        tensor: dict[str, Any] = {"name": label, "shape": [len(values), 1]}
        dtype = types.get(label)
        if isinstance(dtype, DataType):
            datatype, codec = datatype_of_column(dtype)
        elif dtype is None and all(isinstance(value, (int, float)) for value in values):
            datatype, codec = "FP64", None
        else:
            datatype, codec = "BYTES", "pd_json" if dtype is not None else "str"
        tensor["datatype"] = datatype
        if codec is not None:
            tensor["parameters"] = {"content_type": codec}
        return {**tensor, "data": [json.dumps(value) for value in values] if codec == "pd_json" else values}


def _tensor(name: str, spec: TensorSpec, values: Any) -> dict[str, Any]:
    shape, flat = [], values
    for _ in spec.shape:
        shape.append(len(flat))
        flat = flat[0] if flat else []
    return {"name": name, "shape": shape, "datatype": datatype_of(spec.type), "data": _flat(values)}


def _label(name: Any) -> Any:
    return tuple(map(_label, name)) if isinstance(name, list) else name


def _flat(values: Any) -> list[Any]:
    return [item for value in values for item in _flat(value)] if isinstance(values, list) else [values]
