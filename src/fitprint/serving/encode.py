"""Encoding predictions as the bytes of an answer, always in strict JSON: NaN and the infinities are null."""

from __future__ import annotations

from typing import Any

from fitprint.serving.encode_open_inference import open_inference
from fitprint.serving.plain import plain, to_json

__all__ = ["azure", "instances", "invocations", "open_inference", "plain", "to_json"]


def invocations(predictions: Any) -> bytes:
    """Encode predictions as MLflow's server does: ``{"predictions": ...}``.

    Args:
        predictions: What the model has returned. A table becomes a list of records, an array nested lists.

    Returns:
        The JSON text.
    """
    return to_json({"predictions": plain(predictions)})


def azure(predictions: Any) -> bytes:
    """Encode predictions as an online endpoint of Azure does: they are the whole answer.

    Args:
        predictions: What the model has returned.

    Returns:
        The JSON text.
    """
    return to_json(plain(predictions))


def instances(predictions: Any) -> bytes:
    """Encode predictions for KServe's protocol 1 and Vertex: ``{"predictions": [...]}``.

    Args:
        predictions: What the model has returned.

    Returns:
        The JSON text.
    """
    made = plain(predictions)
    return to_json({"predictions": made if isinstance(made, list) else [made]})
