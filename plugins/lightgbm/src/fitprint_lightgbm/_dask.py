"""Trainings that dask distributes over its workers: the driver records them."""

from __future__ import annotations

from typing import Any

from fitprint.plugin import TrainingCall, distributed_history

MODULE = "lightgbm.dask"


def is_by_dask(call: TrainingCall) -> bool:
    """Return whether dask distributes a training that this process has begun."""
    return any(cls.__module__ == MODULE for cls in type(call.instance).__mro__)


def emit_history(call: TrainingCall) -> dict[str, float]:
    """Emit the evaluation metrics of every round, which dask's workers have when the training has ended.

    Returns:
        What early stopping has found, if it was asked for.
    """
    model = call.instance
    rounds = distributed_history(call, model.evals_result_ or {}, "workers")
    best = model.best_iteration_ or 0
    if best <= 0:
        return {}
    scores = {
        f"best_{data}-{metric}": value
        for data, metrics in model.best_score_.items()
        for metric, value in metrics.items()
    }
    return {"best_iteration": best, "stopped_iteration": rounds, **scores}


def local_model(model: Any) -> Any:
    """Return an estimator like one of dask's that needs no cluster; any other model itself.

    That of a user's subclass stays as it is, because nobody else knows what the subclass adds.
    """
    return model.to_local() if type(model).__module__ == MODULE else model
