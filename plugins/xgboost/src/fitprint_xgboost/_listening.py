"""Every evaluation metric of every round, through xgboost's own callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xgboost.callback import TrainingCallback

from fitprint import Emit, TrainingCall
from fitprint._core.guard import guarded
from fitprint.plugin.listeners import GrowingLog
from fitprint_xgboost._arguments import arguments, stops_early


def listen(call: TrainingCall, emit: Emit) -> Callable[[], None]:
    """Puts a listener among the callbacks of a call of ``train`` or ``cv``. Returns what is to be called at its end."""
    given = arguments(call)
    own = list(given.get("callbacks") or ())
    listener = _Listener(call, emit, stops_early({**given, "callbacks": own}))
    # the first: whatever a callback after it does, it sees the log of the metrics from the first round on
    call.replace_argument("callbacks", [listener, *own])
    return listener.finish


class _Listener(TrainingCallback):
    """Emits what xgboost has added to its log of metrics: once a second, and at the end."""

    def __init__(self, call: TrainingCall, emit: Emit, early: bool) -> None:
        super().__init__()
        self._emit = emit
        self._early = early
        self._flavor, self._strict = call.flavor.name, call.settings.strict
        self._log: Any = {}
        self._best: dict[str, str | None] = {}
        self._growing = GrowingLog(call, emit, self._read)

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        self._log = evals_log
        self._growing.after_iteration()
        return False

    def after_training(self, model: Any) -> Any:
        if self._early:
            with guarded("early stopping", self._flavor, strict=self._strict):
                self._best = {name: model.attr(name) for name in ("best_iteration", "best_score")}
        return model

    def finish(self) -> None:
        """Emits what is left, and where early stopping stopped."""
        self._growing.drain()
        for name, value in self._best.items():
            # xgboost 2 keeps the best score of a cross-validation as the text of a pair
            if value is not None and not value.startswith("("):
                self._emit(name, float(value), 0)
        if self._best and self._growing.iterations:
            self._emit("stopped_iteration", self._growing.iterations - 1, 0)
        self._log = {}

    def _read(self) -> dict[str, list[float]]:
        """Values of single trainings, or of (mean, standard deviation) over the folds of a cross-validation."""
        found = {}
        for data, metrics in self._log.items():
            for metric, values in metrics.items():
                name = f"{data}-{metric}"
                if values and isinstance(values[0], tuple):
                    found[f"{name}-mean"] = [mean for mean, _ in values]
                    found[f"{name}-std"] = [deviation for _, deviation in values]
                else:
                    found[name] = values
        return found
