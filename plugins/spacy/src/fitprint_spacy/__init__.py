"""fitprint's flavor for spaCy."""

from fitprint_spacy._flavor import SpacyFlavor

__all__ = ["SpacyFlavor"]
