"""What a graph contains: its inputs and outputs as a signature, facts as params, and a digest that identifies it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from google.protobuf.message import Message
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from fitprint.plugin import ModelSignature, Schema, TensorSpec


def digest(model: ModelProto) -> str:
    """Return the BLAKE2b digest (RFC 7693, 16 bytes) of a model's serialized form."""
    return hashlib.blake2b(model.SerializeToString(deterministic=True), digest_size=16).hexdigest()


def inputs(model: ModelProto) -> list[ValueInfoProto]:
    """Return the inputs of a graph that have no value; old models list their weights among the inputs too."""
    with_value = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in with_value]


def tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Yield every tensor of a model, those of nested graphs, functions and sparse tensors among them."""
    return (message for message in _messages(model) if isinstance(message, TensorProto))


def nodes(model: ModelProto) -> Iterator[NodeProto]:
    """Yield every node of a model, those of nested graphs and functions among them."""
    return (message for message in _messages(model) if isinstance(message, NodeProto))


def _messages(message: Message) -> Iterator[Message]:
    """Yield every message inside of a message, at any depth; protobuf itself limits the depth."""
    for _, value in message.ListFields():
        for inner in (value,) if isinstance(value, Message) else value if isinstance(value, Iterable) else ():
            if not isinstance(inner, Message):
                break  # of a repeated field all values have one type
            yield inner
            if not isinstance(inner, TensorProto):
                yield from _messages(inner)


def signature(model: ModelProto) -> ModelSignature | None:
    """Return the signature that a graph declares; None when signatures have no type for one of the inputs.

    A single input becomes a tensor without a name, so that a DataFrame or an array can be passed; several have names.
    """
    specs = [spec for value in inputs(model) if (spec := _spec(value)) is not None]
    if not specs or len(specs) < len(inputs(model)):
        return None
    if len(specs) == 1:
        specs = [TensorSpec(specs[0].type, specs[0].shape)]
    outputs = [spec for value in model.graph.output if (spec := _spec(value)) is not None]
    return ModelSignature(Schema(specs), Schema(outputs) if outputs else None)


def not_in_signature(model: ModelProto) -> list[tuple[str, str]]:
    """Return (what, reason) for the inputs and outputs for which signatures have no type."""
    reason = "it is a sequence, a map, or a tensor of a type that NumPy does not have: signatures have no type for it"
    parts = (("input", inputs(model)), ("output", model.graph.output))
    return [(f"{part} {value.name}", reason) for part, values in parts for value in values if _spec(value) is None]


def facts(model: ModelProto | None) -> dict[str, Any]:
    """Return the facts of a graph as params."""
    if model is None:
        return {}
    return {
        "producer": f"{model.producer_name} {model.producer_version}".strip(),
        "ir_version": model.ir_version,
        **{f"opset.{opset.domain or 'ai.onnx'}": opset.version for opset in model.opset_import},
        "inputs": [_text(value) for value in inputs(model)],
        "outputs": [_text(value) for value in model.graph.output],
        "nodes": len(model.graph.node),
        "operators": sorted({node.op_type for node in model.graph.node}),
    }


def dtype(value: ValueInfoProto) -> np.dtype[Any] | None:
    """Return the NumPy type of an input or output; None if it is not a tensor, or NumPy does not have its type."""
    kind = value.type
    if kind.WhichOneof("value") != "tensor_type":
        return None
    element = kind.tensor_type.elem_type
    numpy_type: np.dtype[Any] = helper.tensor_dtype_to_np_dtype(element)
    if helper.np_dtype_to_tensor_dtype(numpy_type) != element:
        return None  # for bfloat16 and the like, old versions return the type in which the values are stored
    return numpy_type if numpy_type.kind in "biufcO" and numpy_type.isbuiltin != 2 else None


def shape(value: ValueInfoProto) -> tuple[int, ...]:
    """Return the shape of a tensor, with -1 for unknown sizes; a tensor of unknown rank is treated as a list."""
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return (-1,)
    return tuple(size.dim_value if size.dim_value > 0 else -1 for size in kind.shape.dim)


def _spec(value: ValueInfoProto) -> TensorSpec | None:
    numpy_type = dtype(value)
    return TensorSpec(numpy_type, shape(value), name=value.name) if numpy_type is not None else None


def _text(value: ValueInfoProto) -> str:
    numpy_type = dtype(value)
    return f"{value.name}: {numpy_type} {shape(value)}" if numpy_type is not None else f"{value.name}: no tensor"
