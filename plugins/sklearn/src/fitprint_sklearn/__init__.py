"""fitprint's flavor for scikit-learn."""

from fitprint_sklearn._flavor import SklearnFlavor

__all__ = ["SklearnFlavor"]
