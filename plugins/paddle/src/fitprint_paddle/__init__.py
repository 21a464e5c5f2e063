"""fitprint's flavor for PaddlePaddle."""

from fitprint_paddle._flavor import PaddleFlavor

__all__ = ["PaddleFlavor"]
