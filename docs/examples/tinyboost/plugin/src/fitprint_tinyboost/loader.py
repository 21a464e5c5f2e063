"""Loads a package where only the framework is installed. fitprint copies this file into every package."""

import tinyboost


def _load_pyfunc(path):
    """An object with `predict` from the file that `data` of the package names."""
    return tinyboost.load(path)
