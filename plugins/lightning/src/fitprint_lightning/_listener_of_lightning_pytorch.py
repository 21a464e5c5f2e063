"""The listener for trainers of `lightning.pytorch`: a module of its own, because that package may not be installed."""

from __future__ import annotations

from lightning.pytorch.callbacks import Callback

from fitprint_lightning._listening import MetricsListener


class FitprintListener(MetricsListener, Callback):  # type: ignore[misc]  # Lightning is not type-checked
    """Emits metrics during `Trainer.fit`."""
