"""fitprint's flavor for Optuna."""

from fitprint_optuna._flavor import OptunaFlavor

__all__ = ["OptunaFlavor"]
