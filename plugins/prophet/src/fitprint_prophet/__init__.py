"""fitprint's flavor for Prophet."""

from fitprint_prophet._flavor import ProphetFlavor

__all__ = ["ProphetFlavor"]
