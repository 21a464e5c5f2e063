"""fitprint's flavor for ONNX."""

from fitprint_onnx._flavor import OnnxFlavor

__all__ = ["OnnxFlavor"]
