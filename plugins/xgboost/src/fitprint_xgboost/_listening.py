"""Every evaluation metric of every iteration, through XGBoost's own callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xgboost.callback import TrainingCallback

from fitprint.plugin import CallbackRecording, Emit, Listener, MetricHistory, ModelInTraining, TrainingCall
from fitprint_xgboost._arguments import stops_early


def listen(
    call: TrainingCall, emit: Emit, arguments: Mapping[str, Any], in_training: ModelInTraining
) -> Callable[[], None]:
    """Add a listener to the callbacks of a call of ``train`` or ``cv``.

    Args:
        call: The call, before it is made.
        emit: Records values of metrics.
        arguments: The named arguments of the call.
        in_training: What the booster is shown to at every iteration.

    Returns:
        What is to be called when the training has ended.
    """
    own = list(arguments.get("callbacks") or ())
    listener = _Listener(call, emit, stops_early({**arguments, "callbacks": own}), in_training)
    # first, so that it sees the metrics from the first iteration on, whatever a callback after it does
    call.replace_argument("callbacks", [listener, *own])
    return listener.finish


class _Listener(Listener, TrainingCallback):
    """Emits what XGBoost has added to its log of metrics: once a second, and at the end."""

    def __init__(self, call: TrainingCall, emit: Emit, early: bool, in_training: ModelInTraining) -> None:
        super().__init__(call, emit)
        self._early = early
        self._in_training = in_training
        self._log: Any = {}
        self._best: dict[str, str | None] = {}
        self._history = MetricHistory(call, emit, self._metrics)

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Take note of an iteration; XGBoost calls this."""
        self._log = evals_log
        self._in_training.see(model)
        self._history.after_iteration()
        return False

    def after_training(self, model: Any) -> Any:
        """Take note of where early stopping found the best iteration; XGBoost calls this."""
        if self._early:
            self._best = {name: model.attr(name) for name in ("best_iteration", "best_score")}
        return model

    def finish(self) -> None:
        """Emit what is left, and the best iteration if early stopping looked for one."""
        self._history.drain()
        for name, value in self._best.items():
            # XGBoost 2 keeps the best score of a cross-validation as the text of a pair
            if value is not None and not value.startswith("("):
                self.emit(name, float(value), 0)
        if self._best and self._history.iterations:
            self.emit("stopped_iteration", self._history.iterations - 1, 0)
        self._log = {}

    def validation(self, rounds: int) -> dict[str, list[float]]:
        """Return what ``xgboost.cv`` returns: what comes after the best iteration is left out if it has stopped early.

        Args:
            rounds: How many iterations were asked for.
        """
        metrics = self._metrics()
        taken = max(map(len, metrics.values()), default=0)
        best = self._best.get("best_iteration") if taken < rounds else None
        return {name: values[: int(best) + 1 if best is not None else taken] for name, values in metrics.items()}

    def _metrics(self) -> dict[str, list[float]]:
        """Return the values of a training, or the (mean, standard deviation) over the folds of a cross-validation."""
        metrics = {}
        for data, values_by_metric in self._log.items():
            for metric, values in values_by_metric.items():
                name = f"{data}-{metric}"
                if values and isinstance(values[0], tuple):
                    metrics[f"{name}-mean"] = [mean for mean, _ in values]
                    metrics[f"{name}-std"] = [deviation for _, deviation in values]
                else:
                    metrics[name] = values
        return metrics


class Callback(Listener, TrainingCallback):
    """The callback that users add themselves: it begins a run, and then does what the listener does."""

    def __init__(self, recording: CallbackRecording) -> None:
        super().__init__(recording)
        self._recording = recording
        self._listener: _Listener | None = None
        self._rounds = 0

    def before_training(self, model: Any) -> Any:
        """Begin a run; XGBoost calls this."""
        if not self._recording.begin(self._listen):
            self._listener = None
        return model

    def _listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None]:
        flavor: Any = call.flavor  # no attribute of this object, which has to pickle
        arguments = {**getattr(call.instance, "__dict__", {}), **call.kwargs}
        self._listener = _Listener(call, emit, stops_early(arguments), flavor.in_training(call))
        self._rounds = arguments.get("num_boost_round", 0)
        return self._listener.finish

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Take note of an iteration; XGBoost calls this."""
        return self._listener is not None and self._listener.after_iteration(model, epoch, evals_log)

    def after_training(self, model: Any) -> Any:
        """Take note of what the training returns; XGBoost calls this."""
        if self._listener is not None:
            self._listener.after_training(model)
            is_validation = hasattr(model, "cvfolds")
            self._recording.returns(self._listener.validation(self._rounds) if is_validation else model)
            self._recording.end()
        return model
