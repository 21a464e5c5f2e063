"""Calls after the training: a recorded model predicts, and metrics of its predictions are added to its run."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import guarded
from fitprint._core.isolation import side_effect_free
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._instrumentation.wrapper import Begin, CallContext, Passthrough
from fitprint._recorder.state import recorder_state
from fitprint._runs.index import run_of
from fitprint._runs.predictions import Origin, common_origin, remember
from fitprint._runs.run import Run, adder_of
from fitprint._runs.scores import add_scores
from fitprint._runs.summary_line import log_held_out
from fitprint.plugin.contract import Flavor, TrainingCall

_inside_score: ContextVar[bool] = ContextVar("fitprint_inside_score", default=False)
"""Whether a call that makes a metric is going on: the metrics that it computes on its way are not the user's."""

_NO_FACTS: Mapping[str, Any] = {}


@in_forked_child
@on_reset
def _reset() -> None:
    _inside_score.set(False)


def make_prediction_begin(flavor: Flavor, name: str) -> Begin:
    """Make the `Begin` of an entry point that predicts (`Role.PREDICTS`)."""
    asks_model, asks_more = _overrides(flavor, "predicts_with"), _overrides(flavor, "predictions", "prediction_facts")
    guard = guarded("remembering a prediction", flavor.name)

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallContext | None:
        if not recorder_state.on or call_scope.current() is not None:
            return None
        with guard:
            call = None
            if asks_model:
                call = TrainingCall(flavor, function, instance, args, kwargs, name)
            model = flavor.predicts_with(call) if call is not None else instance
            run = run_of(model) if model is not None else None
            if run is not None and _is_wanted(flavor, guard):
                if asks_more:
                    call = call or TrainingCall(flavor, function, instance, args, kwargs, name)
                    call.settings = recorder_state.settings(flavor)
                return _PredictionCall(args, kwargs, run, guard, call if asks_more else None)
        return None

    return begin


def make_score_begin(flavor: Flavor, name: str) -> Begin:
    """Make the `Begin` of an entry point that makes a metric of predictions (`Role.SCORES`)."""
    asks_flavor = _overrides(flavor, "scored_predictions")
    guard = guarded("a metric of predictions", flavor.name)

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallContext | None:
        if not recorder_state.on or _inside_score.get() or call_scope.current() is not None:
            return None
        with guard:
            if asks_flavor:
                scored = flavor.scored_predictions(TrainingCall(flavor, function, instance, args, kwargs, name))
            else:
                scored = (instance, *args, *kwargs.values())
            origin = common_origin(scored)
            if origin is not None and _is_wanted(flavor, guard):
                return _ScoreCall(TrainingCall(flavor, function, instance, args, kwargs, name), origin)
        return None

    return begin


def _overrides(flavor: Flavor, *methods: str) -> bool:
    """Return whether a flavor has methods of its own: where it has none, no call is made for it to look at."""
    return any(getattr(type(flavor), method) is not getattr(Flavor, method) for method in methods)


def _is_wanted(flavor: Flavor, guard: guarded) -> bool:
    settings = recorder_state.settings(flavor)
    guard.strict = settings.strict
    return settings.log_post_training_metrics


class _PredictionCall(Passthrough):
    """Surrounds a call in which a recorded model predicts. `call` is what the flavor is asked with, if at all."""

    def __init__(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], run: Run, guard: guarded, call: TrainingCall | None
    ) -> None:
        self.args, self.kwargs, self.returned = args, kwargs, None
        self._run, self._guard, self._call = run, guard, call

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is not None:
            return
        with self._guard:
            predictions, facts, call = self.returned, _NO_FACTS, self._call
            if call is not None:
                call.result = self.returned
                predictions, facts = call.flavor.predictions(call), call.flavor.prediction_facts(call)
            remember(predictions, Origin(self._run, facts), (*self.args, *self.kwargs.values()))


class _ScoreCall(Passthrough):
    """Surrounds a call that makes a metric of known predictions."""

    def __init__(self, call: TrainingCall, origin: Origin) -> None:
        super().__init__(call.args, call.kwargs)
        self._call, self._run = call, origin.run
        call.settings = recorder_state.settings(call.flavor)
        call.cache = dict(origin.facts)

    def __enter__(self) -> None:
        try:
            _inside_score.set(True)
        except BaseException:  # interrupted at this very moment: `__exit__` will not be called
            _inside_score.set(False)
            raise

    def __exit__(self, kind: Any, *error: Any) -> None:
        _inside_score.set(False)
        if kind is not None:
            return
        call, flavor = self._call, self._call.flavor
        call.result = self.returned
        with guarded("a metric of predictions", flavor.name, strict=call.settings.strict) as step, side_effect_free():
            step.skips = adder_of(self._run)
            add_scores(self._run, flavor.scores(call))
            if not call.settings.quiet:
                log_held_out(self._run)
