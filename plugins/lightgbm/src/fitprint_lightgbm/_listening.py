"""Every evaluation metric of every round, through lightgbm's own callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fitprint import Emit, TrainingCall
from fitprint._core.guard import guarded
from fitprint.plugin.listeners import GrowingLog


def listen(call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
    """Puts a listener among the callbacks of a call of ``train`` or ``cv``. Returns what is to be called at its end."""
    own = call.argument("callbacks")
    if own is not None and not hasattr(own, "__len__"):
        return None  # lightgbm refuses it, and shall say so of the user's very object
    listener = _Listener(call, emit)
    call.replace_argument("callbacks", _WithOurs([*(own or ()), listener]))
    return listener.finish


class _WithOurs(list[Any]):
    """The user's callbacks and ours at the end, which does not count.

    lightgbm gives each a place in the order by the length of the list, and writes that place into the callback.
    """

    def __len__(self) -> int:
        return super().__len__() - 1


class _Listener:
    """Keeps the metrics of every round and emits them once a second, and at the end."""

    def __init__(self, call: TrainingCall, emit: Emit) -> None:
        self.order = float("-inf")  # before any callback that may end the training
        self.before_iteration = False
        self._emit = emit
        self._flavor, self._strict = call.flavor.name, call.settings.strict
        self._log: dict[str, list[float]] = {}
        self._growing = GrowingLog(call, emit, lambda: self._log)
        self._model: Any = None
        self._rounds = 0

    def __call__(self, env: Any) -> None:
        with guarded("per-iteration metrics", self._flavor, strict=self._strict):
            self._model, self._growing.first_step, self._rounds = env.model, env.begin_iteration, env.iteration + 1
            for data, metric, value, _, *deviation in env.evaluation_result_list or ():
                # until 4.6 cross-validation names no data set: "cv_agg", "valid auc"
                name = metric.replace(" ", "-", 1) if data == "cv_agg" else f"{data}-{metric}"
                if not deviation or deviation[0] is None:
                    self._log.setdefault(name, []).append(value)
                    continue
                self._log.setdefault(f"{name}-mean", []).append(value)
                self._log.setdefault(f"{name}-stdv", []).append(deviation[0])
            self._growing.after_iteration()

    def finish(self) -> None:
        """Emits what is left, and what was best where early stopping looked for it: iterations count from 1 here."""
        self._growing.drain()
        model, self._model = self._model, None
        best = getattr(model, "best_iteration", 0)
        if best > 0:
            self._emit("best_iteration", best, 0)
            self._emit("stopped_iteration", self._rounds, 0)
            for data, metrics in vars(model).get("best_score", {}).items():
                for metric, value in metrics.items():
                    self._emit(f"best_{data}-{metric}", value, 0)
