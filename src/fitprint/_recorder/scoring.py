"""Calls after the training: a recorded model predicts, and metrics of its predictions are added to its run."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import guarded
from fitprint._core.isolation import side_effect_free
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._core.rows import row_count
from fitprint._core.variable_names import calling_frame, package_of, variable_name
from fitprint._instrumentation.wrapper import Begin, CallContext, Passthrough
from fitprint._recorder.state import recorder_state
from fitprint._runs.index import trained_by
from fitprint._runs.predictions import Origin, PredictedData, common_origin, remember
from fitprint._runs.run import Run, adder_of
from fitprint.plugin.arguments import first_argument
from fitprint.plugin.contract import Flavor, TrainingCall

_inside_score: ContextVar[bool] = ContextVar("fitprint_inside_score", default=False)
"""Whether a call that makes a metric is going on: the metrics that it computes on its way are not the user's."""
_inside_prediction: ContextVar[bool] = ContextVar("fitprint_inside_prediction", default=False)
"""Whether a recorded model predicts: what its `predict` calls, as `decision_function`, is not for the user."""

_NO_FACTS: Mapping[str, Any] = {}


@in_forked_child
@on_reset
def _reset() -> None:
    _inside_score.set(False)
    _inside_prediction.set(False)


def make_prediction_begin(flavor: Flavor, name: str) -> Begin:
    """Make the `Begin` of an entry point that predicts (`Role.PREDICTS`)."""
    asks_model, asks_more = _overrides(flavor, "predicts_with"), _overrides(flavor, "predictions", "prediction_facts")
    guard = guarded("remembering a prediction", flavor.name)

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallContext | None:
        if not recorder_state.on or call_scope.current() is not None:
            return None
        run = None if asks_model else trained_by(instance)
        if (run is None and not asks_model) or _inside_prediction.get():
            return None
        settings = recorder_state.settings(flavor)
        if not settings.log_post_training_metrics:
            return None
        guard.strict = settings.strict
        call = None
        if asks_model or asks_more:
            call = TrainingCall(flavor, function, instance, args, kwargs, name, settings)
            with guard:
                run = trained_by(flavor.predicts_with(call))
        return (
            _PredictionCall(args, kwargs, run, flavor, guard, call if asks_more else None) if run is not None else None
        )

    return begin


def make_score_begin(flavor: Flavor, name: str) -> Begin:
    """Make the `Begin` of an entry point that makes a metric of predictions (`Role.SCORES`)."""
    asks_flavor = _overrides(flavor, "scored_predictions")
    guard = guarded("a metric of predictions", flavor.name)
    own_packages: set[str] = set()

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallContext | None:
        if not recorder_state.on or _inside_score.get() or call_scope.current() is not None:
            return None
        with guard:
            if asks_flavor:
                scored = flavor.scored_predictions(TrainingCall(flavor, function, instance, args, kwargs, name))
            else:
                scored = (instance, *args, *kwargs.values())
            origin = common_origin(scored)
            if origin is not None and _is_wanted(flavor, guard) and not _is_called_by(own_packages, flavor):
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

    going_on: ContextVar[bool]
    """The mark. `__exit__` takes it back first of all."""

    def __enter__(self) -> None:
        try:
            self.going_on.set(True)
        except BaseException:  # interrupted at this very moment: `__exit__` will not be called
            self.going_on.set(False)
            raise


class _PredictionCall(_Marked):
    """Surrounds a call in which a recorded model predicts. `call` is what the flavor is asked with, if at all."""

    going_on = _inside_prediction

    def __init__(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        run: Run,
        flavor: Flavor,
        guard: guarded,
        call: TrainingCall | None,
    ) -> None:
        self.args, self.kwargs, self.returned = args, kwargs, None
        self._run, self._flavor, self._guard, self._call = run, flavor, guard, call

    def __exit__(self, kind: Any, *error: Any) -> None:
        self.going_on.set(False)
        if kind is not None:
            return
        with self._guard:
            predictions, facts, call = self.returned, _NO_FACTS, self._call
            if call is not None:
                call.result = self.returned
                predictions, facts = call.flavor.predictions(call), call.flavor.prediction_facts(call)
            data = first_argument(self.args, self.kwargs)
            name = variable_name(data, calling_frame())
            predicted = PredictedData(data, name, self._flavor, row_count(predictions))
            remember(predictions, Origin(self._run, facts, predicted), self.args, self.kwargs)


class _ScoreCall(_Marked):
    """Surrounds a call that makes a metric of known predictions."""

    going_on = _inside_score

    def __init__(self, call: TrainingCall, origin: Origin) -> None:
        super().__init__(call.args, call.kwargs)
        self._call, self._origin = call, origin
        call.settings = recorder_state.settings(call.flavor)
        call.cache = dict(origin.facts)

    def __exit__(self, kind: Any, *error: Any) -> None:
        self.going_on.set(False)
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
