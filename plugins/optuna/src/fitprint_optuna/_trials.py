"""What a trial says of itself when it has ended, and which of several trials is the worst."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from fitprint.plugin import TrainingCall
from fitprint_optuna._studies import value_names


class Rank(NamedTuple):
    """The place of a trial among others."""

    state: int
    """0 for complete trials, which are the best, 1 for pruned and 2 for failed ones."""
    values: tuple[float, ...]
    """The values of a complete trial, turned so that low ones are good."""


def trial_of(call: TrainingCall) -> FrozenTrial | None:
    """Return the trial of a call of ``_run_trial`` as the storage has it now; None before it has begun."""
    trial_id = call.cache.get("trial_id")
    if trial_id is None:
        return None
    # by its id, because a list of all trials, with which the public methods begin, grows with the study
    trial: FrozenTrial = call.argument("study")._storage.get_trial(trial_id)
    return trial


def is_complete(trial: FrozenTrial) -> bool:
    """Return whether a trial has ended with values."""
    return trial.state == TrialState.COMPLETE and trial.values is not None


def metrics(call: TrainingCall) -> dict[str, float]:
    """Return the values of a trial, and emit what it has reported on its way."""
    trial = trial_of(call)
    if trial is None:
        return {}
    for step, value in sorted(trial.intermediate_values.items()):
        call.emit("intermediate_value", value, step)
    if not is_complete(trial):
        return {}
    return dict(zip(value_names(call.argument("study")), map(float, trial.values), strict=False))


def tags(call: TrainingCall) -> dict[str, str]:
    """Return the attributes that the user gave to a trial, its number and its state."""
    trial = trial_of(call)
    if trial is None:
        return {}
    own = {str(name): str(value) for name, value in trial.user_attrs.items()}
    return {**own, "trial": str(trial.number), "state": trial.state.name}


def failure(call: TrainingCall) -> str | None:
    """Return why a trial has failed although `optimize` goes on; None if it has not."""
    trial = trial_of(call)
    if trial is None or trial.state != TrialState.FAIL:
        return None
    return "the objective raised an error that `catch` names, or returned something that is no valid value"


def rank(call: TrainingCall) -> Rank | None:
    """Return the place of a trial among others."""
    trial = trial_of(call)
    if trial is None:
        return None
    if not is_complete(trial):
        return Rank(1 if trial.state == TrialState.PRUNED else 2, ())
    directions = call.argument("study").directions
    turned = [
        -value if direction == StudyDirection.MAXIMIZE else value
        for value, direction in zip(trial.values, directions, strict=False)
    ]
    return Rank(0, tuple(turned))


def worst(ranks: Sequence[Rank]) -> int:
    """Return the worst of several trials: with several objectives one than which the most others are better.

    Of trials that are equally bad, it is the latest.
    """
    state = max(rank.state for rank in ranks)
    positions = [position for position, rank in enumerate(ranks) if rank.state == state]
    values = np.array([ranks[position].values for position in positions], dtype=float)
    if values.shape[1] < 2:
        return max(positions, key=lambda position: (ranks[position].values, position))
    # a trial is better than another one if it is nowhere worse, and somewhere better
    nowhere_worse = (values[:, None] <= values[None]).all(axis=2)
    somewhere_better = (values[:, None] < values[None]).any(axis=2)
    better_ones = (nowhere_worse & somewhere_better).sum(axis=0)
    return max(zip(better_ones.tolist(), positions, strict=True))[1]
