"""From a path or a ``runs:/`` URI to a package, its flavor and the model in it."""

from fitprint._packages.load import Loaded, load, load_native, signature_of
from fitprint._packages.resolve_flavor import GENERIC, registered
from fitprint._packages.uris import folder_of

__all__ = ["GENERIC", "Loaded", "folder_of", "load", "load_native", "registered", "signature_of"]
