"""fitprint's flavor for MXNet."""

from fitprint_mxnet._flavor import MXNetFlavor

__all__ = ["MXNetFlavor"]
