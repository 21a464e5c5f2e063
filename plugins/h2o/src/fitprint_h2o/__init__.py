"""fitprint's flavor for H2O."""

from fitprint_h2o._flavor import H2OFlavor

__all__ = ["H2OFlavor"]
