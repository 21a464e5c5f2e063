"""The params among the arguments of a recorded call."""

from __future__ import annotations

from typing import Any

from fitprint import TrainingCall

_NO_PARAMS = ("params", "train_set", "valid_sets", "folds")
"""Arguments of ``train`` and ``cv`` that are data, or params themselves."""
_OF_FIT = ("eval_metric", "eval_names", "feature_name", "categorical_feature", "callbacks", "init_model")


def arguments(call: TrainingCall) -> dict[str, Any]:
    """All named arguments, defaults included."""
    return call.arguments("X", "y") if call.instance is not None else call.arguments()


def params_of(call: TrainingCall) -> dict[str, Any]:
    """Of ``train`` and ``cv`` the booster's and the call's own, of an estimator the constructor's and those of fit."""
    given = arguments(call)
    if call.instance is None:
        own = {name: value for name, value in given.items() if name not in _NO_PARAMS}
        return {**own, **(given.get("params") or {})}
    return {**call.instance.get_params(), **{name: given[name] for name in _OF_FIT if given.get(name) is not None}}


def fitted_params(model: Any) -> dict[str, Any]:
    """What ``fit`` itself decided: the objective, and for several classes their number."""
    classes = getattr(model, "n_classes_", 0)
    return {"objective": model.objective_, **({"num_class": int(classes)} if classes > 2 else {})}


def has_evaluation_sets(call: TrainingCall) -> bool:
    """Whether an estimator's ``fit`` was given some, under the old names or those of LightGBM 4.7."""
    given = arguments(call)
    return any(given.get(name) is not None for name in ("eval_set", "eval_X"))
