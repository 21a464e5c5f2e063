"""fitprint's flavor for XGBoost."""

from fitprint_xgboost._flavor import XGBoostFlavor

__all__ = ["XGBoostFlavor"]
