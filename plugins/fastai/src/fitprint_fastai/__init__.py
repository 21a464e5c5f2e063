"""fitprint's flavor for fastai."""

from fitprint_fastai._flavor import FastaiFlavor

__all__ = ["FastaiFlavor"]
