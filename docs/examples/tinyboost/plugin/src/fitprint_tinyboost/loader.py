"""Loads a package in stock MLflow, and anywhere else: imports nothing of fitprint."""

import tinyboost


def _load_pyfunc(path):
    """An object with `predict` from the file that `data` of the package names."""
    return tinyboost.load(path)
