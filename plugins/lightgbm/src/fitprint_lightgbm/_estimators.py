"""Predicting with a user's estimator while it is recorded, without any effect that the user would notice."""

from __future__ import annotations

from typing import Any

from lightgbm import LGBMModel


def silent_copy(model: LGBMModel) -> Any:
    """Return a copy that shares what was learnt, and passes to the booster only what predicting needs.

    Predicting with all params prints LightGBM's remarks about them, and draws from a random state that was passed as a
    param. Lowering the verbosity would not do: it applies to everything that the process does with LightGBM later.
    """
    cls = type(model)
    if cls.__new__ is not object.__new__:
        return model  # only the class itself knows how to make one
    copied: Any = object.__new__(cls)
    vars(copied).update(vars(model))
    needed = {name: value for name, value in model._other_params.items() if name.startswith("pred")}
    copied._process_params = lambda stage: dict(needed)
    return copied
