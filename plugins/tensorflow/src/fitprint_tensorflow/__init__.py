"""fitprint's flavor for TensorFlow."""

from fitprint_tensorflow._flavor import TensorFlowFlavor

__all__ = ["TensorFlowFlavor"]
