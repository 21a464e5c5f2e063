"""The params among the arguments of a recorded call, and those that CatBoost chose itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from catboost import CatBoost

from fitprint.plugin import Listener, Params, default_values, unchanged

_NOT_PARAMS = (
    *("X", "y", "pool", "dtrain", "eval_set", "evals", "pairs", "graph", "baseline", "sample_weight", "pairs_weight"),
    *("group_id", "group_weight", "subgroup_id", "folds", "cv", "params", "param_grid", "param_distributions"),
    *("log_cout", "log_cerr"),
)
"""Arguments that are data, or that contain the params."""


def call_params(function: Any, instance: CatBoost | None, arguments: Mapping[str, Any]) -> Params:
    """Return the params of the model, and those arguments of the call that are params.

    Args:
        function: The function or method.
        instance: The estimator; None for ``train`` and ``cv``.
        arguments: The named arguments of the call.
    """
    params = instance.get_params() if instance is not None else arguments.get("params") or {}
    own = {name: value for name, value in arguments.items() if value is not None and name not in _NOT_PARAMS}
    if isinstance(own.get("callbacks"), (list, tuple)):  # and no iterator, which CatBoost alone may read
        users = [callback for callback in own.pop("callbacks") if not isinstance(callback, Listener)]
        if users:
            own["callbacks"] = users
    if isinstance(own.get("init_model"), CatBoost):
        own["init_model"] = type(own["init_model"]).__name__
    return Params({**params, **own}, unchanged(own, default_values(function)) - {*params})


def fitted_params(model: CatBoost, known: Mapping[str, Any]) -> Params:
    """Return the params that CatBoost chose itself: all that are not among the ``known`` ones."""
    chosen = {name: _shortened(value) for name, value in model.get_all_params().items() if name not in known}
    return Params(chosen, chosen)


def _shortened(value: Any) -> Any:
    """Return a number without the digits that come from single precision: 0.8 instead of 0.800000011920929."""
    return float(str(np.float32(value))) if isinstance(value, float) else value
