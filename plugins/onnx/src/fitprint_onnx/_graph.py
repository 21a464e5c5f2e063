"""What a graph says of itself: its inputs and outputs as a signature, its facts, and what tells it from others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from fitprint.plugin import ModelSignature, Schema, TensorSpec


def digest(model: ModelProto) -> str:
    """BLAKE2b (RFC 7693, 16 bytes) of a model's serialized form."""
    return hashlib.blake2b(model.SerializeToString(deterministic=True), digest_size=16).hexdigest()


def inputs(model: ModelProto) -> list[ValueInfoProto]:
    """The inputs of a graph that have no value of their own: old models list their weights among them too."""
    given = {each.name for each in model.graph.initializer}
    return [each for each in model.graph.input if each.name not in given]


def tensors(model: ModelProto) -> Iterator[TensorProto]:
    """The weights of a graph; those of nested graphs are always whole."""
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors


def signature(model: ModelProto) -> ModelSignature | None:
    """The signature that a graph declares; None where an input is no tensor of a type that signatures have.

    One input is a tensor without a name, so that a DataFrame or an array may be given for it; several are named.
    """
    given = [_spec(each) for each in inputs(model)]
    if not given or None in given:
        return None
    specs = [each for each in given if each is not None]
    if len(specs) == 1:
        specs = [TensorSpec(specs[0].type, specs[0].shape)]
    made = [spec for each in model.graph.output if (spec := _spec(each)) is not None]
    return ModelSignature(Schema(specs), Schema(made) if made else None)


def not_in_signature(model: ModelProto) -> list[tuple[str, str]]:
    """(what, reason) for the inputs and outputs for which signatures have no type."""
    reason = "a sequence, a map, or a tensor of a type that NumPy has not: signatures have no word for it"
    parts = (("input", inputs(model)), ("output", model.graph.output))
    return [(f"{part} {each.name}", reason) for part, found in parts for each in found if _spec(each) is None]


def facts(model: ModelProto | None) -> dict[str, Any]:
    """The facts of a graph as params."""
    if model is None:
        return {}
    return {
        "producer": f"{model.producer_name} {model.producer_version}".strip(),
        "ir_version": model.ir_version,
        **{f"opset.{each.domain or 'ai.onnx'}": each.version for each in model.opset_import},
        "inputs": [_shown(each) for each in inputs(model)],
        "outputs": [_shown(each) for each in model.graph.output],
        "nodes": len(model.graph.node),
        "operators": sorted({each.op_type for each in model.graph.node}),
    }


def dtype(value: ValueInfoProto) -> np.dtype[Any] | None:
    """The NumPy type of an input or output; None for what is no tensor, or of a type that NumPy has not."""
    kind = value.type
    if kind.WhichOneof("value") != "tensor_type":
        return None
    element = kind.tensor_type.elem_type
    found: np.dtype[Any] = helper.tensor_dtype_to_np_dtype(element)
    if helper.np_dtype_to_tensor_dtype(found) != element:
        return None  # of bfloat16 and the like earlier versions name the type that their values are kept in
    return found if found.kind in "biufcO" and found.isbuiltin != 2 else None


def shape(value: ValueInfoProto) -> tuple[int, ...]:
    """The shape of a tensor, -1 for what is open; a tensor of unknown rank is taken for a list of rows."""
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return (-1,)
    return tuple(each.dim_value if each.dim_value > 0 else -1 for each in kind.shape.dim)


def _spec(value: ValueInfoProto) -> TensorSpec | None:
    found = dtype(value)
    return TensorSpec(found, shape(value), name=value.name) if found is not None else None


def _shown(value: ValueInfoProto) -> str:
    found = dtype(value)
    return f"{value.name}: {found} {shape(value)}" if found is not None else f"{value.name}: no tensor"
