"""Checkpoints: what a callback of the user's saves while a booster is trained, and the model in such a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xgboost import XGBModel

from fitprint.plugin import TrainingCall
from fitprint_xgboost import _packages

ENDED = "training has ended"
"""The key in the cache of a call that says so: what is saved afterwards is the package."""


def note(call: TrainingCall) -> None:
    """Take note of a call of ``Booster.save_model``, if it was made during a training that is recorded."""
    if not call.cache.get(ENDED):
        call.checkpoint(call.argument("fname"), step=call.instance.num_boosted_rounds() - 1)


def load(path: Path, model: Any) -> Any:
    """Load a checkpoint: as an estimator if the package of the run has one, else as what the file says.

    Raises:
        PackageError: The file is damaged, or is not a model of XGBoost.
    """
    loaded = _packages.load(path.parent, _packages.file_config(path))
    if isinstance(model, XGBModel) and not isinstance(loaded, XGBModel):
        model.load_model(path)
        return model
    return loaded
