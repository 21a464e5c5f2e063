"""fitprint's flavor for PyTorch Lightning."""

from fitprint_lightning._flavor import LightningFlavor

__all__ = ["LightningFlavor"]
