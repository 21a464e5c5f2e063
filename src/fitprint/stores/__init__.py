"""Where runs go. Stores are found through the entry-point group ``fitprint.stores``, by the scheme of their URL."""

from fitprint.stores.contract import OpenRun, Store, StoreError, UnknownRunError
from fitprint.stores.opening import open_store

__all__ = ["OpenRun", "Store", "StoreError", "UnknownRunError", "open_store"]
