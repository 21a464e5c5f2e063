"""Loads a package in stock MLflow, and anywhere else: imports nothing of fitprint."""

import tinyonline


def _load_pyfunc(path):
    """An object with `predict` from the file that `data` of the package names."""
    return tinyonline.load(path)
