"""Every evaluation metric of every iteration, through LightGBM's own callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fitprint.plugin import CallbackRecording, Emit, Listener, MetricHistory, ModelInTraining, TrainingCall


def listen(call: TrainingCall, emit: Emit, in_training: ModelInTraining) -> Callable[[], None] | None:
    """Add a listener to the callbacks of a call of ``train`` or ``cv``.

    Args:
        call: The call, before it is made.
        emit: Records values of metrics.
        in_training: What the booster is shown to at every iteration.

    Returns:
        What is to be called when the training has ended.
    """
    own = call.argument("callbacks")
    if own is not None and not hasattr(own, "__len__"):
        return None  # LightGBM refuses it, and its error has to be about the object that the user passed
    listener = _Listener(call, emit, in_training)
    call.replace_argument("callbacks", _WithListener([*(own or ()), listener]))
    return listener.finish


class _WithListener(list[Any]):
    """The user's callbacks and, at the end, the listener, which the length does not count.

    LightGBM assigns each callback an order that depends on the length of the list, and writes it into the callback.
    """

    def __len__(self) -> int:
        return super().__len__() - 1


class _Listener:
    """Keeps the metrics of every iteration, and emits them once a second and at the end."""

    def __init__(self, call: TrainingCall, emit: Emit, in_training: ModelInTraining) -> None:
        self.order = float("-inf")  # before any callback that may end the training
        self.before_iteration = False
        self._emit = emit
        self._in_training = in_training
        self._guard = call.guard("per-iteration metrics")
        self._metrics: dict[str, list[float]] = {}
        self._history = MetricHistory(call, emit, self._read)
        self._model: Any = None
        self._iterations = 0

    def __call__(self, env: Any) -> None:
        with self._guard:
            self._model, self._iterations = env.model, env.iteration + 1
            self._in_training.see(env.model)
            self._history.first_step = env.begin_iteration
            for data, metric, value, _, *deviation in env.evaluation_result_list or ():
                # until 4.6 cross-validation does not pass the name of the data set on its own: "cv_agg", "valid auc"
                name = metric.replace(" ", "-", 1) if data == "cv_agg" else f"{data}-{metric}"
                if not deviation or deviation[0] is None:
                    self._metrics.setdefault(name, []).append(value)
                    continue
                self._metrics.setdefault(f"{name}-mean", []).append(value)
                self._metrics.setdefault(f"{name}-stdv", []).append(deviation[0])
            self._history.after_iteration()

    def _read(self) -> dict[str, list[float]]:
        return self._metrics

    def validation(self) -> dict[str, list[float]]:
        """Return what ``lightgbm.cv`` returns: up to the best iteration if it has stopped early."""
        iterations = max(0, self._model.best_iteration) or self._iterations
        return {name.replace("-", " ", 1): values[:iterations] for name, values in self._metrics.items()}

    def finish(self) -> None:
        """Emit what is left, and the best iteration if early stopping looked for one. LightGBM counts it from 1."""
        self._history.drain()
        model, self._model = self._model, None
        best = getattr(model, "best_iteration", 0)
        if best > 0:
            self._emit("best_iteration", best, 0)
            self._emit("stopped_iteration", self._iterations, 0)
            for data, metrics in vars(model).get("best_score", {}).items():
                for metric, value in metrics.items():
                    self._emit(f"best_{data}-{metric}", value, 0)


class Callback(Listener):
    """The callback that users add themselves: it begins a run, and then does what the listener does."""

    def __init__(self, recording: CallbackRecording) -> None:
        super().__init__(recording)
        self.order = float("-inf")
        self._recording = recording
        self._listener: _Listener | None = None

    @property
    def before_iteration(self) -> bool:
        """False, and the beginning of the run: LightGBM asks for it before it drops the data of its Datasets."""
        if not self._recording.begin(self._listen):
            self._listener = None
        return False

    def _listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None]:
        flavor: Any = call.flavor
        flavor.remember(call)
        listener = self._listener = _Listener(call, emit, flavor.in_training(call))
        recording, is_validation = self._recording, call.name == "cv"

        def finish() -> None:
            if is_validation:
                recording.returns(listener.validation())
            listener.finish()

        return finish

    def __call__(self, env: Any) -> None:
        """Take note of an iteration; LightGBM calls this."""
        if self._listener is not None:
            self._listener(env)
            self._recording.returns(env.model)
