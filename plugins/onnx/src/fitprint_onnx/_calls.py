"""The calls that make a model or save one: what they made, and of what."""

from __future__ import annotations

import os
from typing import Any

import onnx
from onnx import ModelProto
from onnx.external_data_helper import uses_external_data

from fitprint.plugin import TrainingCall
from fitprint_onnx import _graph

_CONVERTERS = (
    "catboost", "coreml", "h2o", "keras", "libsvm", "lightgbm", "sklearn", "sparkml", "tensorflow", "xgboost",
)  # fmt: skip

PLACES = (
    ("onnx", "save_model"),
    ("skl2onnx.convert", "convert_sklearn"),
    ("skl2onnx.convert", "to_onnx"),
    *(("onnxmltools.convert.main", f"convert_{each}") for each in _CONVERTERS),
)
"""(module, function)."""


def model_of(call: TrainingCall) -> ModelProto | None:
    """The model that a call has made or saved, whole: what lies in files beside it is read."""
    found = call.argument("proto") if call.name == "save_model" else call.result
    if isinstance(found, tuple):  # `intermediate=True` gives the topology too
        found = found[0]
    if isinstance(found, bytes):
        found = onnx.load_model_from_string(found)
    if not isinstance(found, ModelProto):
        return None
    return _saved(call) if any(map(uses_external_data, _graph.tensors(found))) else found


def source_of(call: TrainingCall) -> Any:
    """What was converted, or None."""
    if call.name == "save_model":
        return None
    return call.args[0] if call.args else call.kwargs.get("model", call.kwargs.get("frozen_graph_def"))


def _saved(call: TrainingCall) -> ModelProto:
    """The model as it lies on the disk, where saving has moved its tensors to. Raises ValueError without a path."""
    place = call.argument("f")
    if not isinstance(place, (str, os.PathLike)):
        raise ValueError("its tensors lie in files of their own, and it is not known where")
    return onnx.load_model(os.fspath(place))
