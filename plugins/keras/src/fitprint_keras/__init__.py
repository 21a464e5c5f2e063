"""fitprint's flavor for Keras."""

from fitprint_keras._flavor import KerasFlavor

__all__ = ["KerasFlavor"]
