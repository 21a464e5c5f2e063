"""Every metric of every iteration: while it is trained where catboost makes that cheap, else when it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catboost import CatBoost

from fitprint import Emit, TrainingCall
from fitprint._core.guard import guarded
from fitprint.plugin.listeners import GrowingLog
from fitprint_catboost._arguments import given

MOST_ITERATIONS = 1_000
"""catboost's own default. It hands its callbacks the whole history at every iteration: the cost is the square."""


def is_live(model: CatBoost) -> bool:
    """Whether a listener may sit among the callbacks: catboost takes none on a graphics card."""
    return iterations_of(model) <= MOST_ITERATIONS and str(model.get_param("task_type")).upper() != "GPU"


def iterations_of(model: CatBoost) -> int:
    """How many iterations were asked for, under whatever name."""
    names = ("iterations", "n_estimators", "num_boost_round", "num_trees")
    return int(next((found for name in names if (found := model.get_param(name)) is not None), 1_000))


def listen(call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
    """Puts a listener among the callbacks of ``_fit``. Returns what is to be called at its end."""
    if not is_live(call.instance):
        return None
    found = given(call)
    listener = _Listener(call, emit, found.get("metric_period"))
    call.replace_argument("callbacks", _WithOurs(listener, found.get("callbacks")))
    return listener.growing.drain


def emit_all(call: TrainingCall, model: CatBoost) -> None:
    """The whole history of a model to which nobody listened."""
    log = _growing(call, call.emit, model, given(call).get("metric_period"), lambda: _named(model.get_evals_result()))
    log.drain()


def emit_validation(call: TrainingCall, result: Any) -> None:
    """The table that ``catboost.cv`` returned: a row per iteration, which its first column counts."""
    columns = {name: list(values) for name, values in result.items()}
    steps = columns.pop("iterations")
    for name, values in columns.items():
        for step, value in zip(steps, values, strict=True):
            call.emit(name, float(value), int(step))


def best_of(model: CatBoost) -> dict[str, float]:
    """Where the metric of an evaluation set was best, counted from 0, and the best of each metric of these sets."""
    best = model.get_best_iteration()
    if best is None:
        return {}
    found = {"best_iteration": float(best)}
    for data, metrics in model.get_best_score().items():
        if data != "learn":
            found |= {f"best_{data}-{metric}": value for metric, value in metrics.items()}
    return found


class _WithOurs:
    """Our listener, then the user's callbacks, which are asked for anew at every iteration as without us."""

    def __init__(self, listener: _Listener, own: Any) -> None:
        self._listener = listener
        self._own = own

    def __iter__(self) -> Iterator[Any]:
        yield self._listener
        if self._own is not None:
            yield from self._own


class _Listener:
    """Emits what the history has grown by: once a second, and at the end."""

    def __init__(self, call: TrainingCall, emit: Emit, period: int | None) -> None:
        self._flavor, self._strict = call.flavor.name, call.settings.strict
        self._history: Mapping[str, Mapping[str, list[float]]] = {}
        self.growing = _growing(call, emit, call.instance, period, lambda: _named(self._history))

    def after_iteration(self, info: Any) -> bool:
        with guarded("per-iteration metrics", self._flavor, strict=self._strict):
            self._history = info.metrics
        self.growing.after_iteration()
        return True


def _growing(
    call: TrainingCall, emit: Emit, model: CatBoost, period: int | None, read: Callable[[], Any]
) -> GrowingLog:
    log = GrowingLog(call, emit, read)
    log.every = int(period or model.get_param("metric_period") or 1)
    log.last_step = iterations_of(model) - 1
    return log


def _named(history: Mapping[str, Mapping[str, list[float]]]) -> dict[str, list[float]]:
    return {f"{data}-{metric}": values for data, metrics in history.items() for metric, values in metrics.items()}
