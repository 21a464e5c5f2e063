"""fitprint's flavor for Hugging Face transformers."""

from fitprint_transformers._flavor import TransformersFlavor

__all__ = ["TransformersFlavor"]
