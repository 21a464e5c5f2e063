"""Predictions as the tensors of the Open Inference Protocol, version 2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fitprint._core.guard import attempt
from fitprint.models.foreign_tables import as_pandas
from fitprint.serving.errors import RequestError
from fitprint.serving.open_inference import datatype_of
from fitprint.serving.plain import column_values, plain, to_json
from fitprint.serving.request import Request
from fitprint.serving.served import ServedModel

UNNAMED = "output-1"
"""The name of predictions that have none, which is also that of MLServer."""


def open_inference(
    predictions: Any, request: Request, model: ServedModel, name: str | None = None, version: str | None = None
) -> bytes:
    """Encode predictions for ``infer``.

    Args:
        predictions: What the model has returned. A table becomes one output for each column, with MLServer's content
            type ``pd``; anything else one output.
        request: The request, whose id is repeated, and whose outputs alone are sent.
        model: The model, whose signature names the outputs.
        name: The name under which the model was asked.
        version: The version under which it was asked, or None.

    Returns:
        The JSON text.

    Raises:
        RequestError: The request asks for an output that there is not.
    """
    outputs, content_type = outputs_of(as_pandas(predictions), model)
    asked = request.echo.get("outputs")
    if asked is not None:
        by_name = {output["name"]: output for output in outputs}
        unknown = [one for one in asked if one not in by_name]
        if unknown:
            raise RequestError(400, f"There is no such output; the model has {', '.join(by_name)}.")
        outputs = [by_name[one] for one in dict.fromkeys(asked)]
    answer: dict[str, Any] = {"model_name": name or model.name}
    if version is not None:
        answer["model_version"] = version
    if request.echo.get("id") is not None:
        answer["id"] = request.echo["id"]
    if content_type is not None:
        answer["parameters"] = {"content_type": content_type}
    return to_json({**answer, "outputs": outputs})


def outputs_of(predictions: Any, model: ServedModel) -> tuple[list[dict[str, Any]], str | None]:
    """Return predictions as outputs of the protocol, and the content type of the whole."""
    if hasattr(predictions, "columns") and hasattr(predictions, "iloc"):
        columns = [predictions.iloc[:, position] for position in range(len(predictions.columns))]
        return [_column(str(name), column) for name, column in zip(predictions.columns, columns, strict=True)], "pd"
    if hasattr(predictions, "iloc"):
        return [_column(_name(model, predictions.name), predictions)], "pd"
    if hasattr(predictions, "toarray"):
        predictions = predictions.toarray()
    if isinstance(predictions, Mapping):
        return [_output(str(name), values) for name, values in predictions.items()], None
    return [_output(_name(model), predictions)], None


def _output(name: str, values: Any) -> dict[str, Any]:
    """Return one output. What is no array, such as lists of different lengths, is texts that hold JSON."""
    import numpy as np

    if isinstance(values, (list, tuple)) and not _is_regular(values):
        return _texts(name, [json.dumps(plain(one)) for one in values], "pd_json")
    done, array = attempt(np.asarray, values)
    return _array(name, array) if done else _texts(name, [json.dumps(plain(values))], "pd_json")


def _is_regular(predictions: Any) -> bool:
    """Return whether a list holds single values of one kind only, or lists of these."""
    kinds = {type(one) for one in predictions}
    if kinds <= {list, tuple}:
        inner = {len(one) for one in predictions}
        return len(inner) <= 1 and all(map(_is_regular, predictions))
    return not kinds & {dict, list, tuple, type(None)} and (len(kinds) <= 1 or kinds <= {int, float})


def _name(model: ServedModel, own: Any = None) -> str:
    names = model.outputs.input_names() if model.outputs is not None and model.outputs.has_input_names() else []
    return str(names[0]) if len(names) == 1 else UNNAMED if own is None else str(own)


def _array(name: str, array: Any) -> dict[str, Any]:
    shape = list(array.shape) or [1]
    flat = array.ravel()
    if array.dtype.kind in "biuf" and array.dtype.itemsize <= 8:
        return {"name": name, "shape": shape, "datatype": datatype_of(array.dtype), "data": plain(flat)}
    content = {"m": "str", "M": "datetime", "S": "base64"}.get(array.dtype.kind, "str")
    values = plain(flat)
    if array.dtype.kind == "O":
        content = _content_of(flat.tolist())
        values = values if content != "pd_json" else [json.dumps(value) for value in values]
    return {**_texts(name, values, content), "shape": shape}


def _column(name: str, column: Any) -> dict[str, Any]:
    values = column_values(column)
    dtype = column.dtype
    kind = getattr(dtype, "kind", "O")
    if kind in "biuf":
        dtype = getattr(dtype, "numpy_dtype", dtype)
        return {"name": name, "shape": [len(values), 1], "datatype": datatype_of(dtype), "data": values}
    content = "datetime" if kind == "M" else _content_of(column.tolist())
    values = values if content != "pd_json" else [json.dumps(value) for value in values]
    return {**_texts(name, values, content), "shape": [len(values), 1]}


def _content_of(values: list[Any]) -> str:
    kinds = {type(value) for value in values if value is not None and value == value}
    if kinds <= {str}:
        return "str"
    return "base64" if kinds <= {bytes} else "pd_json"


def _texts(name: str, values: list[Any], content_type: str) -> dict[str, Any]:
    parameters = {"content_type": content_type}
    return {"name": name, "shape": [len(values)], "datatype": "BYTES", "parameters": parameters, "data": values}
