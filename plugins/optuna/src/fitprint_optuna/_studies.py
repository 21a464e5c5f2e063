"""What a study says of itself: its settings before it starts, its best trial and its counts afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from fitprint.plugin import TrainingCall

_UNNAMED = "no-name-"
"""The beginning of the names that Optuna gives to studies without one."""
_OF_OPTIMIZE = ("n_trials", "timeout", "n_jobs")


def is_optimizing(study: Any) -> bool:
    """Return whether `optimize` is at work on a study in this thread."""
    return bool(getattr(getattr(study, "_thread_local", None), "in_optimize_loop", False))


def name_of(study: Any) -> str:
    """Return the name that the user gave to a study, or "study"."""
    name = getattr(study, "study_name", _UNNAMED)
    return "study" if name.startswith(_UNNAMED) else name


def value_names(study: Any) -> list[str]:
    """Return a name for each objective: the user's own, else ``value``, or ``values_0``, ``values_1``, ..."""
    own_names = getattr(study, "metric_names", None)
    if own_names:
        return [str(name) for name in own_names]
    count = len(study.directions)
    return ["value"] if count == 1 else [f"values_{number}" for number in range(count)]


def params(study: Any, call: TrainingCall) -> dict[str, Any]:
    """Return the settings of a study, and those of the call of `optimize`."""
    directions = [direction.name.lower() for direction in study.directions]
    described: dict[str, Any] = {
        "study_name": study.study_name,
        "direction": directions[0] if len(directions) == 1 else directions,
        "sampler": type(study.sampler).__name__,
        "pruner": type(study.pruner).__name__,
    }
    if call.name == "optimize":
        function = call.argument("func")
        described["objective"] = getattr(function, "__qualname__", type(function).__name__)
        described |= {name: call.argument(name) for name in _OF_OPTIMIZE}
    return described


def best_params(study: Any) -> dict[str, Any]:
    """Return the params of the best trial as ``best_<param>``; none with several objectives."""
    best = best_trial(study)
    if best is None:
        return {}
    return {"best_trial": best.number, **{f"best_{name}": value for name, value in best.params.items()}}


def best_trial(study: Any) -> Any:
    """Return the best trial; None with several objectives, and as long as no trial is complete."""
    if len(study.directions) > 1:
        return None
    try:
        return study.best_trial
    except ValueError:
        return None


def metrics(study: Any) -> dict[str, float]:
    """Return the best value, or the size of the Pareto front, and how many trials ended in which state."""
    values: dict[str, float] = {}
    best = best_trial(study)
    if best is not None:
        values[f"best_{value_names(study)[0]}"] = float(best.value)
    elif len(study.directions) > 1:
        values["n_pareto_front"] = float(len(study.best_trials))
    states = Counter(trial.state.name for trial in study.get_trials(deepcopy=False))
    values["n_trials"] = float(states.total())
    named = {"COMPLETE": "n_complete", "PRUNED": "n_pruned", "FAIL": "n_failed"}
    return {**values, **{name: float(states[state]) for state, name in named.items()}}


def tags(study: Any) -> Mapping[str, str]:
    """Return the attributes that the user gave to a study."""
    return {str(name): str(value) for name, value in study.user_attrs.items()}
