"""Trainings that dask distributes over its workers: the driver records them."""

from __future__ import annotations

import inspect
from typing import Any

import xgboost
from xgboost import Booster

from fitprint.plugin import TrainingCall, distributed_history
from fitprint_xgboost._packages import booster_of

MODULE = "xgboost.dask"
MATRICES = ("DaskDMatrix", "DaskQuantileDMatrix")
_BEST = ("best_iteration", "best_score")
_OF_CLUSTER = ("_client", "_asynchronous", "coll_cfg", "classes_")
"""The attributes of dask's estimators that others do not have, or compute themselves."""


def is_by_dask(call: TrainingCall) -> bool:
    """Return whether dask distributes a training that this process has begun."""
    if call.instance is None:
        return bool(call.function.__module__ == MODULE)
    return any(cls.__module__ == MODULE for cls in type(call.instance).__mro__)


def trained(call: TrainingCall) -> Any:
    """Return the booster or the estimator of a training that has returned; None if it has not ended by then."""
    if call.result is not call.instance and inspect.isawaitable(call.result):
        reason = "its dask client is asynchronous, so that the call has returned before the training"
        call.skip("model", "distributed", reason)
        return None
    return call.instance if call.instance is not None else call.result["booster"]


def emit_history(call: TrainingCall, model: Any) -> dict[str, float]:
    """Emit the evaluation metrics of every round, which dask returns when the training has ended.

    Args:
        call: The call.
        model: What `trained` returned.

    Returns:
        What early stopping has found, if it was asked for.
    """
    history = call.result["history"] if call.instance is None else vars(model).get("evals_result_", {})
    rounds = distributed_history(call, history, "workers")
    booster = booster_of(model)
    best = {name: float(value) for name in _BEST if (value := booster.attr(name)) is not None}
    return {**best, "stopped_iteration": float(rounds - 1)} if best else {}


def local_model(model: Any) -> Any:
    """Return an estimator like one of dask's that needs no cluster; any other model itself.

    That of a user's subclass stays as it is, because nobody else knows what the subclass adds.
    """
    cls = type(model)
    if isinstance(model, Booster) or cls.__module__ != MODULE:
        return model
    local: Any = object.__new__(getattr(xgboost, cls.__name__.removeprefix("Dask")))
    vars(local).update({name: value for name, value in vars(model).items() if name not in _OF_CLUSTER})
    return local
