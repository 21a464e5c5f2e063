"""Write and read a model in ONNX's own format, in the layout of MLflow's onnx flavor."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto
from onnx.external_data_helper import load_external_data_for_model, uses_external_data

from fitprint.plugin import Package, PackageError, SaveContext, SavedModel, installed_version, member
from fitprint_onnx import _graph

NAME = "model.onnx"
SAVE_OPTIONS = ("onnx_execution_providers", "onnx_session_options", "save_as_external_data")
PROVIDERS = ["CUDAExecutionProvider", "CPUExecutionProvider"]
"""MLflow's default; those that are available are used."""
_RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino")
_LARGEST_MESSAGE = 2**31 - 1
"""In bytes: https://protobuf.dev/programming-guides/proto-limits/ """


def save(model: ModelProto, package: Package, context: SaveContext) -> SavedModel:
    """Write a model. If it is too large for a protobuf message, its tensors go to a file beside it.

    Args:
        model: The model.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.

    Raises:
        ValueError: The model's tensors are in other files.
    """
    if any(map(uses_external_data, _graph.tensors(model))):
        raise ValueError("its tensors are in separate files: load them with onnx.load(path) first")
    options = context.options
    if options.get("save_as_external_data") or model.ByteSize() > _LARGEST_MESSAGE:
        copied = ModelProto()
        copied.CopyFrom(model)  # because saving moves the tensors out of the object
        package.path(f"{NAME}.data")
        onnx.save_model(copied, str(package.path(NAME)), save_as_external_data=True, location=f"{NAME}.data")
    else:
        with package.open(NAME) as file:
            file.write(model.SerializeToString())
    keys = {
        "data": NAME,
        "onnx_version": onnx.__version__,
        "providers": options.get("onnx_execution_providers") or PROVIDERS,
        "onnx_session_options": options.get("onnx_session_options"),
    }
    return SavedModel(keys)


def load(folder: Path, config: Mapping[str, Any]) -> ModelProto:
    """Read a model that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The file is damaged, or is not a model.
    """
    path = member(folder, config.get("data"))
    try:
        model = onnx.load_model(str(path), load_external_data=False)
        _refuse_files_outside(model, folder, posixpath.dirname(config["data"]))
        load_external_data_for_model(model, str(path.parent))
        if any(map(uses_external_data, _graph.tensors(model))):
            raise ValueError("it has tensors in separate files at a place where the format has none")
        onnx.checker.check_model(model if model.ByteSize() <= _LARGEST_MESSAGE else str(path))
    except (DecodeError, onnx.checker.ValidationError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:300]
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {reason}") from error
    return model


def _refuse_files_outside(model: ModelProto, folder: Path, place: str) -> None:
    """Check that every file that the model names for a tensor is in the package, and that it names no others."""
    for tensor in _graph.tensors(model):
        for entry in tensor.external_data:
            if entry.key == "location":
                member(folder, posixpath.join(place, entry.value))
    for node in _graph.nodes(model):
        if node.op_type == "EPContext" and any(it.name == "embed_mode" and it.i == 0 for it in node.attribute):
            raise ValueError("a part of it was compiled for one device into a separate file")


def requirements() -> list[str]:
    """Return what loading and predicting needs; of the runtime's distributions the one that is installed."""
    return ["onnx", next((name for name in _RUNTIMES if installed_version(name)), _RUNTIMES[0]), "numpy"]
