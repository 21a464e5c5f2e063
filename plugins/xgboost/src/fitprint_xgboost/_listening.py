"""Every evaluation metric of every round, through xgboost's own callbacks, at next to no cost per round."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from xgboost.callback import TrainingCallback

from fitprint._flavor import Emit, TrainingCall
from fitprint._guard import guarded
from fitprint_xgboost._arguments import arguments, replace_argument, stops_early

_SECONDS_BEHIND = 1.0


def listen(call: TrainingCall, emit: Emit) -> Callable[[], None]:
    """Puts a listener among the callbacks of a call of ``train`` or ``cv``. Returns what is to be called at its end."""
    given = arguments(call)
    own = list(given.get("callbacks") or ())
    early = stops_early({**given, "callbacks": own})
    listener = _Listener(emit, early, call.flavor.name, call.settings.strict)
    # the first: whatever a callback after it does, it sees the log of the metrics from the first round on
    replace_argument(call, "callbacks", [listener, *own])
    return listener.finish


class _Listener(TrainingCallback):
    """Emits what xgboost has added to its log of metrics: once a second, and at the end."""

    def __init__(self, emit: Emit, early: bool, flavor: str, strict: bool) -> None:
        super().__init__()
        self._emit = emit
        self._early = early
        self._flavor = flavor
        self._strict = strict
        self._log: Any = {}
        self._emitted: dict[tuple[str, str], int] = {}
        self._best: dict[str, str | None] = {}
        self._times: list[float] = []
        self._due = time.monotonic() + _SECONDS_BEHIND

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        self._log = evals_log
        self._times.append(time.time())
        if time.monotonic() >= self._due:
            with guarded("per-iteration metrics", self._flavor, strict=self._strict):
                self._drain()
        return False

    def after_training(self, model: Any) -> Any:
        if self._early:
            with guarded("early stopping", self._flavor, strict=self._strict):
                self._best = {name: model.attr(name) for name in ("best_iteration", "best_score")}
        return model

    def finish(self) -> None:
        """Emits what is left, and where early stopping stopped."""
        self._drain()
        for name, value in self._best.items():
            # xgboost 2 keeps the best score of a cross-validation as the text of a pair
            if value is not None and not value.startswith("("):
                self._emit(name, float(value), 0)
        rounds = max(self._emitted.values(), default=0)
        if self._best and rounds:
            self._emit("stopped_iteration", rounds - 1, 0)
        self._log = {}

    def _drain(self) -> None:
        self._due = time.monotonic() + _SECONDS_BEHIND
        for data, metrics in self._log.items():
            for metric, values in metrics.items():
                start = self._emitted.get((data, metric), 0)
                self._emitted[data, metric] = len(values)
                self._emit_values(f"{data}-{metric}", values[start:], start)

    def _emit_values(self, name: str, values: list[Any], start: int) -> None:
        """Values of single trainings, or (mean, standard deviation) over the folds of a cross-validation."""
        times = self._times[start : start + len(values)]
        times += [time.time()] * (len(values) - len(times))
        if values and isinstance(values[0], tuple):
            self._emit.series(f"{name}-mean", [mean for mean, _ in values], start, times)
            self._emit.series(f"{name}-std", [deviation for _, deviation in values], start, times)
        else:
            self._emit.series(name, values, start, times)
