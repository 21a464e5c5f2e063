"""fitprint's flavor for CatBoost."""

from fitprint_catboost._flavor import CatBoostFlavor

__all__ = ["CatBoostFlavor"]
