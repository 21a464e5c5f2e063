"""fitprint's flavor for MLeap."""

from fitprint_mleap._flavor import MLeapFlavor

__all__ = ["MLeapFlavor"]
