"""The recording of a conversion: a model is made from another one, or a model that came from elsewhere is saved."""

from __future__ import annotations

import time
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import attempt, guarded
from fitprint._core.isolation import side_effect_free
from fitprint._recorder.base import Outcome, RecordingBase
from fitprint._recorder.contexts import CallContextBase
from fitprint._recorder.package import record_package
from fitprint._runs import active, summary_line
from fitprint._runs import index as run_index
from fitprint._runs.record import FINISHED
from fitprint._runs.run import Run, is_own, writer_of
from fitprint.plugin.contract import TrainingCall


class ConversionCall(CallContextBase):
    """Surrounds an outermost conversion. What the conversion calls is part of it. If it fails, nothing is recorded."""

    def __init__(self, call: TrainingCall) -> None:
        self.call = call
        self._scope = call_scope.SessionScope()

    def __enter__(self) -> None:
        try:
            self._scope.enter()
            self._call_started = time.perf_counter()
        except BaseException:
            self._scope.leave()
            raise

    def __exit__(self, kind: Any, *error: Any) -> None:
        try:
            if kind is None:
                self.call.result = self.returned
                self.call.took = time.perf_counter() - self._call_started
                with guarded("a conversion", self.call.flavor.name, strict=self.call.settings.strict):
                    _record_conversion(self.call)
            self._scope.leave()
        except BaseException:
            self._scope.leave()
            raise
        del self.call  # keeps none of the user's objects alive


def _record_conversion(call: TrainingCall) -> None:
    """Write the package of a converted model into the run where it belongs.

    A model whose run is known has its package already: it was converted before, and is now saved.
    """
    flavor = call.flavor
    succeeded, model = attempt(flavor.model, call)
    if not succeeded:
        _ConversionRun(call).record()  # asks again under its guard, so that the run says why it has no model
        return
    if model is None or run_index.run_of(model) is not None:
        return
    run = _run_of_source(call) or _own_active_run()
    if run is not None:
        _AddedPackage(call, run).record(model)
    else:
        run = _ConversionRun(call).record()
    if run is not None:
        run_index.register_model(run, model, flavor.identity)


def _run_of_source(call: TrainingCall) -> Run | None:
    source = None
    with guarded("the source of a conversion", call.flavor.name, strict=call.settings.strict):
        source = call.flavor.source(call)
    run = run_index.run_of(source) if source is not None else None
    return run if run is not None and writer_of(run).written_here else None


def _own_active_run() -> Run | None:
    """Return the active run if its record is written here; the run of another process gets a child instead."""
    run = active.active_run()
    return run if run is not None and is_own(run) else None


class _AddedPackage(RecordingBase):
    """Adds a package to a run that exists, and that may have ended."""

    def __init__(self, call: TrainingCall, run: Run) -> None:
        super().__init__(call)
        self.run = run
        call.skip = self.writer.skip

    def record(self, model: Any) -> None:
        """Write the package, under the flavor's name."""
        call = self.call
        if not call.settings.log_models:
            return  # without a skip reason, because the run is complete without this package
        with side_effect_free():
            name = record_package(self, model, call.flavor.name)
        with self.step("the run's record") as step:
            self.writer.write()
        if name is not None and not step.failed and not call.settings.quiet:
            summary_line.log_package(self.writer, name, time.perf_counter() - self._recording_started)


class _ConversionRun(RecordingBase):
    """Records a run for a model whose source has none."""

    def record(self) -> Run | None:
        """Begin the run, record the model and end the run.

        Returns:
            The run; None if the store cannot be written.
        """
        outcome = Outcome(FINISHED)
        try:
            if not self.begin():
                return None
            self.conclude(outcome)
        except BaseException:
            self.ensure_ended(outcome)
            raise
        return self.run

    def _refusal(self) -> tuple[str, str] | None:
        return None  # the rules that wait for the end of a call, such as `min_fit_seconds`, are about training
