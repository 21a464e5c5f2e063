"""The params of a training: those that the user chose, and those that H2O chose itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from h2o import H2OFrame
from h2o.automl import H2OAutoML
from h2o.grid import H2OGridSearch
from h2o.model import ModelBase

from fitprint.plugin import Params, TrainingCall, default_values, unchanged

_ABOUT_DATA = ("training_frame", "validation_frame", "blending_frame", "leaderboard_frame", "ignored_columns")
"""Params of H2O that name its own frames, or columns that the user did not name."""
_OF_TRAIN = (
    *("x", "y", "offset_column", "fold_column", "weights_column", "max_runtime_secs", "ignored_columns", "model_id"),
)
"""Arguments of the different functions ``train`` that are params."""
_COUNTS_AS_UNSET = (None, "AUTO", "auto", -1)


def call_params(call: TrainingCall) -> Params:
    """Return the params of the object that is trained, and those arguments of the call that are params.

    Args:
        call: The call of ``train`` or ``join``.
    """
    arguments = call.arguments()
    passed = {name: arguments[name] for name in _OF_TRAIN if arguments.get(name) is not None}
    own = _own_params(call.instance)
    values = {**own, **passed}
    return Params({name: readable(value) for name, value in values.items()}, {*own.unchanged} - {*passed})


def _own_params(instance: Any) -> Params:
    """Return the params of an estimator, of a grid or of AutoML, without frames."""
    if isinstance(instance, H2OAutoML):
        defaults = default_values(type(instance))
        values = {name: getattr(instance, name) for name in defaults if hasattr(instance, name)}
        return Params(values, unchanged(values, defaults))
    if isinstance(instance, H2OGridSearch):
        fixed = _own_params(instance.model)
        criteria = {"search_criteria": instance.search_criteria} if instance.search_criteria else {}
        own = {"hyper_params": instance.hyper_params, **criteria}
        return Params({**fixed, **own}, fixed.unchanged)
    values = {
        name: value
        for name, value in instance.get_params(deep=False).items()
        if name not in _ABOUT_DATA and not isinstance(value, H2OFrame)
    }
    return Params(values, unchanged(values, _defaults_of(instance)))


def _defaults_of(instance: Any) -> dict[str, Any]:
    """Return the defaults of an estimator by the names of its params: Python forbids `lambda` as an argument."""
    defaults = dict(default_values(type(instance)))
    return {**defaults, **({"lambda": defaults["Lambda"]} if "Lambda" in defaults else {})}


def chosen_params(model: ModelBase, known: Params) -> Params:
    """Return the params that H2O chose itself: those that the user has left at their defaults.

    Args:
        model: The trained model.
        known: The params before the training.
    """
    chosen = {}
    for name, value in model.actual_params.items():
        asked = known.get(name)
        is_left_to_h2o = name in known.unchanged or any(asked is one or asked == one for one in _COUNTS_AS_UNSET)
        if name not in _ABOUT_DATA and is_left_to_h2o and value is not None and readable(value) != readable(asked):
            chosen[name] = readable(value)
    return Params(chosen, {*chosen} - {"model_id"})


def model_params(model: ModelBase) -> Params:
    """Return all params of a model of a search, with the values that were in effect."""
    values = {name: readable(value) for name, value in model.actual_params.items() if name not in _ABOUT_DATA}
    defaults = model.default_params
    return Params(values, {name for name in values if name != "model_id" and values[name] == readable(defaults[name])})


def readable(value: Any) -> Any:
    """Return a value as it is recorded: a key or a column of H2O by its name, a model by its key."""
    if isinstance(value, ModelBase):
        return value.model_id
    if isinstance(value, Mapping):
        for name in ("name", "column_name"):
            if "__meta" in value and isinstance(value.get(name), str):
                return value[name]
        return {key: readable(item) for key, item in value.items() if key != "__meta"}
    if isinstance(value, (list, tuple)):
        return [readable(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(readable, value), key=str)
    return value
