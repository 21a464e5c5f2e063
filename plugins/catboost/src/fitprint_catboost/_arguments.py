"""The params and the data among the arguments of a recorded call."""

from __future__ import annotations

from typing import Any

import numpy as np
from catboost import CatBoost

from fitprint import TrainingCall

_NO_PARAMS = (
    *("X", "y", "pool", "dtrain", "eval_set", "evals", "pairs", "graph", "baseline", "sample_weight", "pairs_weight"),
    *("group_id", "group_weight", "subgroup_id", "folds", "cv", "params", "param_grid", "param_distributions"),
    *("log_cout", "log_cerr"),
)
"""Arguments that are data, or params themselves."""


def given(call: TrainingCall) -> dict[str, Any]:
    """All named arguments, defaults included."""
    return call.arguments("X", "y") if call.instance is not None else call.arguments()


def data_of(call: TrainingCall) -> tuple[Any, Any]:
    """What is trained on, and the target: a Pool has its own, so None stands beside it."""
    found = given(call)
    if call.instance is not None:
        return found.get("X"), found.get("y")
    return (found.get("pool") if found.get("pool") is not None else found.get("dtrain")), None


def params_of(call: TrainingCall) -> dict[str, Any]:
    """The model's params, and the call's own that were given."""
    found = given(call)
    params = call.instance.get_params() if call.instance is not None else found.get("params") or {}
    own = {name: value for name, value in found.items() if value is not None and name not in _NO_PARAMS}
    if isinstance(own.get("init_model"), CatBoost):
        own["init_model"] = type(own["init_model"]).__name__
    return {**params, **own}


def fitted_params(model: CatBoost, known: dict[str, Any]) -> dict[str, Any]:
    """What catboost decided itself: everything that is not among the params ``known`` already."""
    return {name: _short(value) for name, value in model.get_all_params().items() if name not in known}


def _short(value: Any) -> Any:
    """Without the digits that come from catboost's single precision: 0.8, not 0.800000011920929."""
    return float(str(np.float32(value))) if isinstance(value, float) else value
