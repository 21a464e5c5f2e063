"""Every metric of every iteration: during the training where CatBoost makes that cheap, otherwise after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catboost import CatBoost

from fitprint.plugin import CallbackRecording, Emit, Listener, MetricHistory, TrainingCall

MOST_ITERATIONS = 1_000
"""CatBoost's default. It copies the whole history for its callbacks at each iteration: the cost is quadratic."""


def is_live(model: CatBoost) -> bool:
    """Return whether a training can be listened to: CatBoost accepts no callbacks on a graphics card."""
    return iterations_of(model) <= MOST_ITERATIONS and str(model.get_param("task_type")).upper() != "GPU"


def iterations_of(model: CatBoost) -> int:
    """Return how many iterations were asked for, under any of the names of that param."""
    names = ("iterations", "n_estimators", "num_boost_round", "num_trees")
    values = (model.get_param(name) for name in names)
    return int(next((value for value in values if value is not None), 1_000))


def listen(call: TrainingCall, emit: Emit, arguments: Mapping[str, Any]) -> Callable[[], None] | None:
    """Add a listener to the callbacks of ``_fit``.

    Args:
        call: The call of ``_fit``.
        emit: Records values of metrics.
        arguments: The named arguments of the call.

    Returns:
        What is to be called when the training has ended; None when it is not listened to.
    """
    if not is_live(call.instance):
        return None
    listener = _Listener(call, emit, arguments.get("metric_period"))
    call.replace_argument("callbacks", _WithListener(listener, arguments.get("callbacks")))
    return listener.history.drain


def emit_all(call: TrainingCall, model: CatBoost, period: int | None) -> None:
    """Emit the whole history of a model whose training was not listened to.

    Args:
        call: The call that has ended.
        model: The trained model.
        period: The argument ``metric_period`` of the call.
    """
    _history(call, call.emit, model, period, lambda: _by_name(model.get_evals_result())).drain()


def emit_validation(call: TrainingCall, result: Any) -> None:
    """Emit the table that ``catboost.cv`` returned, with one row per iteration.

    Args:
        call: The call that has ended.
        result: The table; its column ``iterations`` counts the rows.
    """
    columns = {name: list(values) for name, values in result.items()}
    steps = columns.pop("iterations")
    for name, values in columns.items():
        for step, value in zip(steps, values, strict=True):
            call.emit(name, float(value), int(step))


def best_of(model: CatBoost) -> dict[str, float]:
    """Return the best iteration on an evaluation set, counted from 0, and the best value of each of its metrics."""
    best = model.get_best_iteration()
    if best is None:
        return {}
    best_metrics = {"best_iteration": float(best)}
    for data, metrics in model.get_best_score().items():
        if data != "learn":
            best_metrics |= {f"best_{data}-{metric}": value for metric, value in metrics.items()}
    return best_metrics


class _WithListener:
    """The listener, followed by the user's callbacks, which are iterated again at every iteration, as CatBoost does."""

    def __init__(self, listener: _Listener, own: Any) -> None:
        self._listener = listener
        self._own = own

    def __iter__(self) -> Iterator[Any]:
        yield self._listener
        if self._own is not None:
            yield from self._own


class _Listener:
    """Emits what has been added to the metrics: once a second, and at the end."""

    def __init__(self, call: TrainingCall, emit: Emit, period: int | None) -> None:
        self._guard = call.guard("per-iteration metrics")
        self._metrics: Mapping[str, Mapping[str, list[float]]] = {}
        self.history = _history(call, emit, call.instance, period, self._read)

    def after_iteration(self, info: Any) -> bool:
        """Take note of an iteration; CatBoost calls this."""
        with self._guard:
            self._metrics = info.metrics
        self.history.after_iteration()
        return True

    def _read(self) -> dict[str, list[float]]:
        return _by_name(self._metrics)


class Callback(Listener):
    """The callback that users add themselves: it begins a run, and then does what the listener does.

    CatBoost tells its callbacks of iterations alone, and counts them from 1.
    """

    def __init__(self, recording: CallbackRecording) -> None:
        super().__init__(recording)
        self._recording = recording
        self._listener: _Listener | None = None
        self._iteration = 0

    def after_iteration(self, info: Any) -> bool:
        """Begin a run at the first iteration, and take note of each; CatBoost calls this."""
        is_first = not 0 < self._iteration < info.iteration
        self._iteration = info.iteration
        if is_first and not self._recording.begin(self._listen):
            self._listener = None
        return self._listener is None or self._listener.after_iteration(info)

    def _listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        self._listener = _Listener(call, emit, call.argument("metric_period")) if is_live(call.instance) else None
        return self._listener.history.drain if self._listener is not None else None


def _history(
    call: TrainingCall, emit: Emit, model: CatBoost, period: int | None, read: Callable[[], Any]
) -> MetricHistory:
    history = MetricHistory(call, emit, read)
    history.every = int(period or model.get_param("metric_period") or 1)
    history.last_step = iterations_of(model) - 1
    return history


def _by_name(metrics: Mapping[str, Mapping[str, list[float]]]) -> dict[str, list[float]]:
    return {f"{data}-{metric}": values for data, by_metric in metrics.items() for metric, values in by_metric.items()}
