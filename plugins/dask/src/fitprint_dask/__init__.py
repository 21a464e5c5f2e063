"""fitprint's engine for dask: what the workers of a cluster train is recorded as if it were trained here."""

from fitprint_dask._engine import DaskEngine
from fitprint_dask._worker import plugin_of

__all__ = ["DaskEngine", "plugin_of"]
