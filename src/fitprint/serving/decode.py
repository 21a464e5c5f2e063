"""Decoding requests into data and params for the model: MLflow's protocol, Azure's, and that of KServe V1."""

from __future__ import annotations

from typing import Any

from fitprint.serving import bodies, json_tables, tensors
from fitprint.serving.errors import RequestError
from fitprint.serving.faults import kind_of
from fitprint.serving.open_inference import open_inference
from fitprint.serving.params import params_of
from fitprint.serving.request import Request
from fitprint.serving.served import ServedModel
from fitprint.serving.tables import Table, plan_of
from fitprint.serving.unchecked import unchecked

__all__ = ["azure", "instances", "invocations", "open_inference"]

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def invocations(body: bytes, content_type: str | None, model: ServedModel) -> Request:
    """Decode a request of MLflow's protocol.

    Args:
        body: The body: JSON, CSV or Parquet.
        content_type: Its content type; None for JSON.
        model: The model that is asked.

    Returns:
        The request, which fits the model's signature.

    Raises:
        RequestError: It does not, or cannot be read.
    """
    media = bodies.media_type(content_type)
    if media in (bodies.CSV, bodies.PARQUET):
        from fitprint.serving import files

        read = files.of_csv if media == bodies.CSV else files.of_parquet
        return _request(read(body, model), params_of(None, model.params))
    if media != bodies.JSON:
        raise bodies.unsupported(media, (bodies.JSON, bodies.CSV, bodies.PARQUET))
    content = bodies.read_json(body)
    if not isinstance(content, dict):
        raise RequestError(400, f"The body must be a JSON object, not {kind_of(content)}; {_KEYS}.")
    forms = content.keys() - {"params"}
    if len(forms) != 1 or not forms <= set(FORMS):
        raise RequestError(400, f"The body must have exactly one key beside params; {_KEYS}.")
    form = forms.pop()
    return _decoded(form, content[form], content.get("params"), model)


_KEYS = f"send {', '.join(FORMS[:-1])} or {FORMS[-1]}"


def azure(body: bytes, content_type: str | None, model: ServedModel) -> Request:
    """Decode a request of an online endpoint of Azure: ``{"input_data": ..., "params": ...}``.

    Args:
        body: The body.
        content_type: Its content type; None for JSON.
        model: The model that is asked.

    Returns:
        The request, which fits the model's signature.

    Raises:
        RequestError: It does not, or cannot be read.
    """
    media = bodies.media_type(content_type)
    if media != bodies.JSON:
        raise bodies.unsupported(media, (bodies.JSON,))
    content = bodies.read_json(body)
    if not isinstance(content, dict) or "input_data" not in content or content.keys() - {"input_data", "params"}:
        raise RequestError(400, "The body must be a JSON object with the key input_data, and may have params.")
    data, params = content["input_data"], content.get("params")
    if isinstance(data, dict) and "data" in data and data.keys() <= json_tables.SPLIT_KEYS and _is_table(data, model):
        return _decoded("dataframe_split", data, params, model)
    return _decoded("inputs", data, params, model)


def _is_table(data: dict[str, Any], model: ServedModel) -> bool:
    """Return whether an object is a table in the form split, and not tensors or columns with these names."""
    if isinstance(data.get("columns"), list) and "columns" in data:
        return True
    names = set(map(str, model.inputs.input_names())) if model.inputs is not None else set()
    return "data" not in names


def instances(body: bytes, model: ServedModel) -> Request:
    """Decode a request of KServe's protocol 1 or Vertex: ``{"instances": [...], "parameters": {...}}``.

    Args:
        body: The body, which is JSON.
        model: The model that is asked.

    Returns:
        The request, which fits the model's signature.

    Raises:
        RequestError: It does not, or cannot be read.
    """
    content = bodies.read_json(body)
    if not isinstance(content, dict) or "instances" not in content or content.keys() - {"instances", "parameters"}:
        raise RequestError(400, "The body must be a JSON object with the key instances, and may have parameters.")
    if not isinstance(content["instances"], list):
        raise RequestError(400, f"The key instances must be a list, not {kind_of(content['instances'])}.")
    return _decoded("instances", content["instances"], content.get("parameters"), model)


def _decoded(form: str, data: Any, params: Any, model: ServedModel) -> Request:
    checked = params_of(params, model.params)
    schema = model.inputs
    if schema is None:
        return _request(unchecked(form, data, model), checked, can_batch=False)
    if not schema.is_tensor_spec():
        plan = plan_of(model)
        has_index = isinstance(data, dict) and data.get("index") is not None
        return _request(_TABLES[form](plan, data), checked, can_batch=form != "dataframe_split" or not has_index)
    if form == "dataframe_split":
        data = _tensors_in_table(*json_tables.split_parts(data)[:2], schema)
    elif form == "dataframe_records":
        json_tables.check_records(data)
        form = "instances"
    by_item = form == "instances" and isinstance(data, list) and data
    ignored = tensors.extra_tensors(schema, data[0] if by_item else data)
    made = (tensors.of_instances if form == "instances" else tensors.tensors_of)(schema, data)
    return Request(made, checked, tensors.rows_of(made), ignored, can_batch=tensors.is_batchable(schema))


def _tensors_in_table(columns: list[Any] | None, rows: list[Any], schema: Any) -> Any:
    """Return a table as tensors: its columns by name, or all of it as the one tensor without a name."""
    json_tables.check_rows(rows, None if columns is None else len(columns))
    if not schema.has_input_names():
        return rows
    if columns is None:
        raise RequestError(400, "The model takes tensors with names: the table must have columns.")
    return dict(zip(map(str, columns), map(list, zip(*rows, strict=True)), strict=False))


_TABLES = {
    "dataframe_split": json_tables.of_split,
    "dataframe_records": json_tables.of_records,
    "instances": json_tables.of_data,
    "inputs": json_tables.of_data,
}


def _request(made: Table, params: dict[str, Any] | None, can_batch: bool = True) -> Request:
    return Request(made.content, params, made.rows, made.ignored, can_batch=can_batch, form=made.form)
