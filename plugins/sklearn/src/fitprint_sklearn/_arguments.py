"""The training data among the arguments of a call: by scikit-learn's names, otherwise by position."""

from __future__ import annotations

from typing import Any

from fitprint.plugin import TrainingCall, positional_names

_NOT_DATA = frozenset({"y", "Y", "sample_weight", "groups"})


def inputs_of(call: TrainingCall) -> Any:
    """Return ``X``, or the first argument of a `fit` that has another name for it (``data``, ``*args``); or None."""
    return _first_argument(call, ("X",), 0)


def target_of(call: TrainingCall) -> Any:
    """Return ``y``, or ``Y`` of estimators for several outputs, otherwise the second argument; or None."""
    return _first_argument(call, ("y", "Y"), 1)


def weight_of(call: TrainingCall) -> Any:
    """Return ``sample_weight``, also in the form that a pipeline accepts for its last step; or None."""
    weight = call.argument("sample_weight")
    steps = getattr(call.instance, "steps", None)
    return call.kwargs.get(f"{steps[-1][0]}__sample_weight") if weight is None and steps else weight


def _first_argument(call: TrainingCall, names: tuple[str, ...], position: int) -> Any:
    for name in names:  # only what was passed: the default of a parameter is no data
        value = call.argument(name, None)
        if value is not None:
            return value
    parameters = positional_names(call.function)
    if position < len(parameters):
        name = parameters[position]
        return None if name in _NOT_DATA or name in names else call.argument(name, None)
    # otherwise it may be among `*args`, unless the function has parameters X and y and they were not passed
    return None if set(names) & {*parameters} else dict(enumerate(call.args)).get(position)
