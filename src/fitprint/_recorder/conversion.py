"""A conversion being recorded: a model made out of another one, or saved that came from elsewhere."""

from __future__ import annotations

import time
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import attempt, guarded
from fitprint._core.isolation import side_effect_free
from fitprint._instrumentation.wrapper import Passthrough
from fitprint._recorder.base import Outcome, Recorded
from fitprint._recorder.package import pack
from fitprint._runs import active, summary_line
from fitprint._runs import index as run_index
from fitprint._runs.record import FINISHED
from fitprint._runs.run import Run, is_own, writer_of
from fitprint.plugin.contract import TrainingCall


class Conversion(Passthrough):
    """Around an outermost conversion. What it calls in turn is part of it; one that fails leaves nothing."""

    def __init__(self, call: TrainingCall) -> None:
        super().__init__(call.args, call.kwargs)
        self._call = call
        self._inside = call_scope.SessionScope()

    def __enter__(self) -> None:
        try:
            self._inside.enter()
            self._began = time.perf_counter()
        except BaseException:
            self._inside.leave()
            raise

    def __exit__(self, kind: Any, *error: Any) -> None:
        try:
            if kind is None:
                self._call.result = self.returned
                self._call.took = time.perf_counter() - self._began
                with guarded("a conversion", self._call.flavor.name, strict=self._call.settings.strict):
                    _record(self._call)
            self._inside.leave()
        except BaseException:
            self._inside.leave()
            raise
        del self._call  # nothing of the user's is kept alive

    def result(self) -> Any:
        result, self.returned = self.returned, None
        return result


def _record(call: TrainingCall) -> None:
    """Puts the package where it belongs: a model that is known, as one that was converted and is saved, has it."""
    flavor = call.flavor
    found, model = attempt(flavor.model, call)
    if not found:
        _OfItsOwn(call).make()  # it is asked again there, and the run says why it has no model
        return
    if model is None or run_index.run_of(model) is not None:
        return
    run = _run_of_source(call) or _own_active_run()
    if run is not None:
        _Added(call, run).add(model)
    else:
        run = _OfItsOwn(call).make()
    if run is not None:
        run_index.register_model(run, model, flavor.identity)


def _run_of_source(call: TrainingCall) -> Run | None:
    source = None
    with guarded("the source of a conversion", call.flavor.name, strict=call.settings.strict):
        source = call.flavor.source(call)
    run = run_index.run_of(source) if source is not None else None
    return run if run is not None and writer_of(run).written_here else None


def _own_active_run() -> Run | None:
    """The active run if its record is written here; the run of another process gets a child instead."""
    run = active.active_run()
    return run if run is not None and is_own(run) else None


class _Added(Recorded):
    """A package more for a run that is there, which may have ended."""

    def __init__(self, call: TrainingCall, run: Run) -> None:
        super().__init__(call)
        self.run, self.writer = run, writer_of(run)
        call.skip = self.writer.skip

    def add(self, model: Any) -> None:
        """Under the flavor's name."""
        call = self.call
        if not call.settings.log_models:
            return  # the run that is there is no less for it
        with side_effect_free():
            name = pack(self, model, call.flavor.name)
        with self.step("the run's record") as step:
            self.writer.write()
        if name is not None and not step.failed and not call.settings.quiet:
            summary_line.log_package(self.writer, name, time.perf_counter() - self._began)


class _OfItsOwn(Recorded):
    """A run for a model of which no run is known."""

    def make(self) -> Run | None:
        """From its beginning to its end; None while the store cannot be written."""
        done = Outcome(FINISHED)
        try:
            if not self.begin():
                return None
            self.conclude(done)
        except BaseException:
            self.cut_short(done)
            raise
        return self.run

    def _refused(self) -> tuple[str, str] | None:
        return None  # `min_fit_seconds` is about training
