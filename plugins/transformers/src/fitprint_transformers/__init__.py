"""fitprint's flavor for Hugging Face transformers."""

from fitprint_transformers._callback import register
from fitprint_transformers._flavor import TransformersFlavor

register()

__all__ = ["TransformersFlavor"]
