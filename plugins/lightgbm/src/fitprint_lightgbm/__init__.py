"""fitprint's flavor for LightGBM."""

from fitprint_lightgbm._flavor import LightGBMFlavor

__all__ = ["LightGBMFlavor"]
