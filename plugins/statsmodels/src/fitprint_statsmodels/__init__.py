"""fitprint's flavor for statsmodels."""

from fitprint_statsmodels._flavor import StatsmodelsFlavor

__all__ = ["StatsmodelsFlavor"]
