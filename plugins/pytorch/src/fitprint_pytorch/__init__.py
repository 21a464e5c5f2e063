"""fitprint's flavor for PyTorch."""

from fitprint_pytorch._flavor import PyTorchFlavor

__all__ = ["PyTorchFlavor"]
