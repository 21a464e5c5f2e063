"""The training data among the arguments of a call: by scikit-learn's names, else by their place."""

from __future__ import annotations

from typing import Any

from fitprint import TrainingCall
from fitprint.plugin.arguments import parameter_names

_NO_DATA = frozenset({"y", "Y", "sample_weight", "groups"})


def inputs_of(call: TrainingCall) -> Any:
    """``X``; of a `fit` that names it otherwise (``data``, ``*args``) its first argument. None when there is none."""
    return _given(call, ("X",), 0)


def target_of(call: TrainingCall) -> Any:
    """``y``, or ``Y`` of the estimators for several outputs; else the second argument. None when there is none."""
    return _given(call, ("y", "Y"), 1)


def weight_of(call: TrainingCall) -> Any:
    """``sample_weight``, also as a pipeline takes it for its last step."""
    found = call.argument("sample_weight")
    steps = getattr(call.instance, "steps", None)
    return call.kwargs.get(f"{steps[-1][0]}__sample_weight") if found is None and steps else found


def _given(call: TrainingCall, names: tuple[str, ...], position: int) -> Any:
    for name in names:
        found = call.argument(name)
        if found is not None:
            return found
    parameters = parameter_names(call.function)
    if position < len(parameters):
        name = parameters[position]
        return None if name in _NO_DATA or name in names else call.argument(name)
    # what is left is `*args`, unless X and y have names and were not given
    return None if set(names) & {*parameters} else dict(enumerate(call.args)).get(position)
