"""From a path or a ``runs:/`` URI to a package, its flavor and the model in it."""

from fitprint._loading.choosing import GENERIC, registered
from fitprint._loading.finding import folder_of
from fitprint._loading.loading import Loaded, load, load_native, signature_of

__all__ = ["GENERIC", "Loaded", "folder_of", "load", "load_native", "registered", "signature_of"]
