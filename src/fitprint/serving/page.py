"""The Test page, a form in the browser, and the facts about the model that it loads.

The page is one file, which is the same for every model and loads nothing else. It asks for the description of the
model by itself, with the token where the server wants one, so that nothing of the model is shown without it.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from fitprint.models.example import plain_data
from fitprint.models.schema import ColSpec, ParamSpec, Schema, TensorSpec
from fitprint.models.types import DataType, FieldType
from fitprint.serving.open_inference import metadata_of
from fitprint.serving.served import PREDICT, ServedModel

if TYPE_CHECKING:
    from fitprint.serving.example import Example

_INCLUDED = re.compile(r"/\* ([a-z]+\.(?:css|js)) \*/")
_INLINE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)
_BY_CLASS = frozenset({"predict_proba", "predict_log_proba", "decision_function"})
"""The methods that answer a number for each class."""
_WIDGETS = {
    DataType.boolean: "boolean",
    DataType.string: "text",
    DataType.datetime: "datetime",
    DataType.binary: "binary",
}
"""The types that have a field of their own; every other scalar is a number, and what is nested is JSON."""
_NEVER_NULL = frozenset({DataType.integer, DataType.long})
"""The types whose columns cannot hold a missing value."""


@dataclass(frozen=True)
class Page:
    """The Test page, as it is sent.

    Args:
        html: The page.
        compressed: The same, for a browser that takes gzip.
        headers: Its headers, except for those of a compressed body.
    """

    html: bytes
    compressed: bytes
    headers: Mapping[str, str]


@functools.cache
def test_page() -> Page:
    """Return the page. It is put together once."""
    files = resources.files("fitprint.serving") / "page_files"
    frame = (files / "index.html").read_text("utf-8")
    html = _INCLUDED.sub(lambda name: (files / name[1]).read_text("utf-8"), frame)
    allowed: dict[str, list[str]] = {"style": [], "script": []}
    for kind, content in _INLINE.findall(html):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        allowed[kind].append(f"'sha256-{digest}'")
    policy = [
        "default-src 'none'",
        f"script-src {' '.join(allowed['script'])}",
        f"style-src {' '.join(allowed['style'])}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ]
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "; ".join(policy),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
        "vary": "accept-encoding",
    }
    content = html.encode()
    return Page(content, gzip.compress(content, mtime=0), headers)


def describe(model: ServedModel, name: str, methods: Mapping[str, Mapping[str, str]], token: bool) -> dict[str, Any]:
    """Return what the page is told of a model, which JSON can hold.

    Args:
        model: The model.
        name: Its name in the routes.
        methods: For each method that is served, the one that answers by default first, its path in each protocol:
            `mlflow`, `azure`, `open_inference` and `kserve`.
        token: Whether the server asks for a token.
    """
    inputs, outputs = model.inputs, model.outputs
    metadata = metadata_of(inputs, "input")
    kind = "none" if inputs is None else "tensors" if inputs.is_tensor_spec() else "table"
    return {
        "name": name,
        "about": _about(inputs, outputs),
        "kind": kind,
        "columns": [_column(spec, *numbered) for spec, numbered in zip(inputs or (), enumerate(metadata), strict=True)],
        "params": [_param(spec) for spec in model.params or ()],
        "methods": [
            {"name": method, "paths": dict(paths), "outputs": _headings(model, method)}
            for method, paths in methods.items()
        ],
        "example": _example(model.example, inputs),
        "token": token,
    }


def _headings(model: ServedModel, method: str) -> list[str]:
    """Return the names of what a method answers for a row, as far as they are known."""
    if method in _BY_CLASS:
        return list(model.classes)
    named = method == PREDICT and model.outputs is not None and model.outputs.has_input_names()
    return [str(name) for name in model.outputs.input_names()] if named and model.outputs else []


def _example(example: Example | None, inputs: Schema | None) -> dict[str, Any] | None:
    """Return an example as the values of the form's fields, or as a body where there are no fields."""
    if example is None:
        return None
    described: dict[str, Any] = {"is_own": example.is_own, "params": example.params}
    if inputs is None:
        return {**described, "body": example.content | ({"params": example.params} if example.params else {})}
    table, tensors = example.content.get("dataframe_split"), example.content.get("inputs")
    if table and table["data"]:
        labels = table.get("columns") or plain_data(inputs.input_names())
        row = dict(zip(map(str, labels), table["data"][0], strict=False))
    elif isinstance(tensors, dict):
        row = {str(label): value for label, value in tensors.items()}
    else:
        row = {str(inputs.input_names()[0]): tensors}
    values = [row.get(str(label)) for label in inputs.input_names()]
    return {**described, "values": [_first(value, spec) for value, spec in zip(values, inputs, strict=True)]}


def _first(value: Any, spec: ColSpec | TensorSpec) -> Any:
    """Return the first row of a tensor, where it has any number of rows; every other value as it is."""
    has_rows = isinstance(spec, TensorSpec) and spec.shape[:1] == (-1,) and isinstance(value, list)
    return value[:1] if has_rows else value


def _about(inputs: Schema | None, outputs: Schema | None) -> str:
    if inputs is None:
        return "A model without a signature: it takes any input, and does not check it."
    what = "tensor" if inputs.is_tensor_spec() else "column"
    many = f"{len(inputs)} {what}{'' if len(inputs) == 1 else 's'}"
    return f"{many} in" + (f", {_listed(outputs)} out" if outputs else "")


def _listed(outputs: Schema) -> str:
    types = list(dict.fromkeys(_type_name(spec) for spec in outputs))
    return types[0] if len(outputs) == 1 else f"{len(outputs)} outputs"


def _column(spec: ColSpec | TensorSpec, position: int, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a column or a tensor, whose metadata are those of Open Inference."""
    label = str(spec.name) if spec.name is not None else "input" if isinstance(spec, TensorSpec) else str(position)
    return {
        "name": spec.name,
        "label": label,
        "type": _type_name(spec),
        "widget": "json" if isinstance(spec, TensorSpec) else _widget(spec.type),
        "required": spec.required,
        "nullable": isinstance(spec, ColSpec) and not spec.required and spec.type not in _NEVER_NULL,
        "input_name": metadata["name"],
        "datatype": metadata["datatype"],
        "content_type": metadata.get("parameters", {}).get("content_type"),
    }


def _param(spec: ParamSpec) -> dict[str, Any]:
    listed = spec.shape is not None
    return {
        "name": spec.name,
        "label": spec.name,
        "type": f"list of {spec.dtype}" if listed else str(spec.dtype),
        "widget": "json" if listed else _widget(spec.dtype),
        "required": False,
        "default": spec.to_dict()["default"],
    }


def _widget(type: FieldType) -> str:
    return _WIDGETS.get(type, "number") if isinstance(type, DataType) else "json"


def _type_name(spec: ColSpec | TensorSpec) -> str:
    return f"{spec.type.name} {list(spec.shape)}" if isinstance(spec, TensorSpec) else str(spec.type)
