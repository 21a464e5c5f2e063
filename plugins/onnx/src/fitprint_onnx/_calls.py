"""The entry points that make or save a model: what a call of them has made, and from what."""

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
    *(("onnxmltools.convert.main", f"convert_{name}") for name in _CONVERTERS),
)
"""Pairs of a module and a function."""


def model_of(call: TrainingCall) -> ModelProto | None:
    """Return the whole model that a call has made or saved, including tensors that it has put into other files."""
    model = call.argument("proto") if call.name == "save_model" else call.result
    if isinstance(model, tuple):  # `intermediate=True` returns the topology too
        model = model[0]
    if isinstance(model, bytes):
        model = onnx.load_model_from_string(model)
    if not isinstance(model, ModelProto):
        return None
    return _saved(call) if any(map(uses_external_data, _graph.tensors(model))) else model


def source_of(call: TrainingCall) -> Any:
    """Return what was converted, or None."""
    if call.name == "save_model":
        return None
    return call.args[0] if call.args else call.kwargs.get("model", call.kwargs.get("frozen_graph_def"))


def _saved(call: TrainingCall) -> ModelProto:
    """Read the model from the disk, where saving has moved its tensors.

    Raises:
        ValueError: The path is not known.
    """
    place = call.argument("f")
    if not isinstance(place, (str, os.PathLike)):
        raise ValueError("its tensors are in separate files, and their path is not known")
    return onnx.load_model(os.fspath(place))
