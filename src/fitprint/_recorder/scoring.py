"""Calls after the training: a recorded model predicts, and metrics of its predictions are added to its run."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import guarded
from fitprint._core.isolation import side_effect_free
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._core.variable_names import calling_frame, package_of
from fitprint._instrumentation.wrapper import Begin, CallContext, Passthrough
from fitprint._recorder.state import recorder_state
from fitprint._runs.index import trained_by
from fitprint._runs.predictions import Origin, common_origin, remember_call
from fitprint._runs.run import Run, adder_of
from fitprint.plugin.contract import Flavor, TrainingCall


class _GoingOn(threading.local):
    """Whether a call of a kind is going on in this thread."""

    on = False


_inside_score = _GoingOn()
"""Whether a call that makes a metric is going on: the metrics that it computes on its way are not the user's."""
_inside_prediction = _GoingOn()
"""Whether a recorded model predicts: what its `predict` calls, as `decision_function`, is not for the user."""

_NO_FACTS: Mapping[str, Any] = {}


@in_forked_child
@on_reset
def _reset() -> None:
    _inside_score.on = _inside_prediction.on = False


def make_prediction_begin(flavor: Flavor, name: str) -> Begin:
    """Make the `Begin` of an entry point that predicts (`Role.PREDICTS`)."""
    asks_model, asks_more = _overrides(flavor, "predicts_with"), _overrides(flavor, "predictions", "prediction_facts")
    guard = guarded("remembering a prediction", flavor.name)

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallContext | None:
        if not recorder_state.on or call_scope.current() is not None:
            return None
        run = trained_by(instance)
        if run is None or _inside_prediction.on:
            return None
        return _PredictionCall(args, kwargs, run, flavor, guard)  # whether it is wanted is asked when there is a metric

    def ask(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallContext | None:
        if not recorder_state.on or call_scope.current() is not None or _inside_prediction.on:
            return None
        run = None if asks_model else trained_by(instance)
        if (run is None and not asks_model) or not _is_wanted(flavor, guard):
            return None
        call = TrainingCall(flavor, function, instance, args, kwargs, name, recorder_state.settings(flavor))
        if asks_model:
            with guard:
                run = trained_by(flavor.predicts_with(call))
        return _AskedPredictionCall(call, run, guard) if run is not None else None

    return ask if asks_model or asks_more else begin


def make_score_begin(flavor: Flavor, name: str) -> Begin:
    """Make the `Begin` of an entry point that makes a metric of predictions (`Role.SCORES`)."""
    asks_flavor = _overrides(flavor, "scored_predictions")
    guard = guarded("a metric of predictions", flavor.name)
    own_packages: set[str] = set()

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallContext | None:
        if not recorder_state.on or _inside_score.on or call_scope.current() is not None:
            return None
        with guard:
            if asks_flavor:
                scored = flavor.scored_predictions(TrainingCall(flavor, function, instance, args, kwargs, name))
            else:
                scored = (instance, *args, *kwargs.values())
            origin = common_origin(scored)
            if origin is None or not _is_wanted(flavor, guard) or _is_called_by(own_packages, flavor):
                return None
            if origin.flavor is None or recorder_state.settings(origin.flavor).log_post_training_metrics:
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


def _is_called_by(packages: set[str], flavor: Flavor) -> bool:
    """Return whether a metric is called by the framework itself, which may do so a thousand times for one number.

    Args:
        packages: The framework's packages, once they are known.
        flavor: Its flavor.
    """
    if not packages:
        packages |= flavor.tops()
    frame = calling_frame()
    return frame is not None and package_of(frame) in packages


class _Marked(Passthrough):
    """Surrounds a call, and marks that it is going on."""

    going_on: _GoingOn
    """The mark. `__exit__` takes it back first of all."""

    def __enter__(self) -> None:
        try:
            self.going_on.on = True
        except BaseException:  # interrupted at this very moment: `__exit__` will not be called
            self.going_on.on = False
            raise


class _PredictionCall(_Marked):
    """Surrounds a call in which a recorded model predicts."""

    going_on = _inside_prediction

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], run: Run, flavor: Flavor, guard: guarded) -> None:
        self.args, self.kwargs = args, kwargs
        self._run, self._flavor, self._guard = run, flavor, guard

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.going_on.on = False
        if kind is None:
            with self._guard:
                remember_call(self.returned, self._run, _NO_FACTS, self._flavor, self.args, self.kwargs)


class _AskedPredictionCall(_PredictionCall):
    """The same, if the flavor is asked which model predicts, what it has predicted, or for facts."""

    def __init__(self, call: TrainingCall, run: Run, guard: guarded) -> None:
        super().__init__(call.args, call.kwargs, run, call.flavor, guard)
        self._call = call

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.going_on.on = False
        if kind is None:
            with self._guard:
                call = self._call
                call.result = self.returned
                predictions, facts = call.flavor.predictions(call), call.flavor.prediction_facts(call)
                remember_call(predictions, self._run, facts, call.flavor, self.args, self.kwargs)


class _ScoreCall(_Marked):
    """Surrounds a call that makes a metric of known predictions."""

    going_on = _inside_score

    def __init__(self, call: TrainingCall, origin: Origin) -> None:
        super().__init__(call.args, call.kwargs)
        self._call, self._origin = call, origin
        call.settings = recorder_state.settings(call.flavor)
        call.cache = dict(origin.facts)

    def __exit__(self, kind: Any, *error: Any) -> None:
        self.going_on.on = False
        if kind is not None:
            return
        from fitprint._recorder.evaluation import record_score  # many programs never make a metric

        call = self._call
        call.result = self.returned
        with (
            guarded("a metric of predictions", call.flavor.name, strict=call.settings.strict) as step,
            side_effect_free(),
        ):
            step.skips = adder_of(self._origin.run)
            record_score(call, self._origin)
