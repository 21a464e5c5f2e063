"""Checks: which calls leave runs, what a run says of its training, and what recording costs."""

from __future__ import annotations

import concurrent.futures
import json
import math
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

import fitprint
from fitprint._core import call_scope
from fitprint._core import jsonable as _json
from fitprint._core.guard import attempt
from fitprint.testing.bench import Bench
from fitprint.testing.case import Budget, Case, needs
from fitprint.testing.comparing import difference

_ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}")
_THREADS = 3


class CallChecks:
    """Each training call leaves one run."""

    def test_one_run_per_call(self, bench: Bench, case: Case) -> None:
        """A training leaves as many runs as its case says, finished and of this flavor.

        A second training leaves as many again.
        """
        _, run = bench.recorded(case)
        assert run.status == "FINISHED", (
            f"the run of {case.name} is {run.status}, not FINISHED ({run.error}): if `train` makes the steps of a "
            "loop, give the Case loop=True; otherwise look at what the training raises"
        )
        assert (run.flavor, run.tags.get("flavor")) == (bench.name, bench.name), (
            f"the run is of the flavor {run.flavor}, and its tag says {run.tags.get('flavor')!r}: look at tags(), "
            "which may not give a tag `flavor`, and for another installed flavor that patches the same function"
        )
        assert run.name, "the run has no name: look at run_name(), which has to return a text"
        assert not [skip for skip in run.skipped if skip.rule == "error"], (
            f"a method of the flavor raised an error: {run.skipped}; mend the method, which the error's text tells"
        )
        bench.expect_runs(case.runs, bench.train(case).runs, f"the second training of {case.name}")

    def test_the_run_is_found_by_its_model(self, bench: Bench, case: Case) -> None:
        """`run_of(model)` is the run that trained it."""
        trained, run = bench.recorded(case)
        if not case.package or not _weakly_referable(trained.model):
            return  # no model is kept, or no weak reference to it can be
        run_found = fitprint.run_of(trained.model)
        assert run_found is not None, (
            f"run_of(the model of {case.name}) is None: look at model() of the flavor, which has to return the very "
            "object that the user has, and at `model` of the Case"
        )
        assert run_found.run_id == run.run_id, (
            f"run_of(the model of {case.name}) is another run, {run_found}, and not {run}: look at `run` of the Case, "
            "which picks the run of the model, and at model() of the flavor"
        )

    def test_a_call_inside_another_leaves_no_run(self, bench: Bench, case: Case) -> None:
        """Inside another recorded call, and under `suppress()`, nothing is recorded."""
        bench.on()
        session = call_scope.Session()
        token = call_scope.enter(session)  # as while any flavor records a call
        try:
            inside = bench.train(case)
        finally:
            session.open = False
            call_scope.leave(token)
        bench.expect_runs(0, inside.runs, f"{case.name}, trained inside another recorded call,")
        with fitprint.suppress():
            bench.expect_runs(0, bench.train(case).runs, f"{case.name}, trained under suppress(),")
        bench.expect_runs(case.runs, bench.train(case).runs, f"{case.name}, trained after that,")

    @needs("nested")
    def test_training_inside_training_is_one_run(self, bench: Bench, case: Case) -> None:
        """What a training trains inside is part of it."""
        bench.on()
        runs = bench.train(case, train=case.nested).runs
        bench.expect_runs(1, runs, f"the nested training of {case.name}")

    def test_threads_leave_a_run_each(self, bench: Bench, case: Case) -> None:
        """Trainings at the same time leave their own runs, each with its own params and metrics."""
        _, run = bench.recorded(case)
        before = len(fitprint.runs())
        data = [case.data() for _ in range(_THREADS)]  # here, because making it may change what a process has once
        barrier = threading.Barrier(_THREADS)

        def train(data: Any) -> Any:
            barrier.wait()
            return case.trained(data)

        with concurrent.futures.ThreadPoolExecutor(_THREADS) as threads:
            trained = list(threads.map(train, data))
        bench.end_loops()
        del trained, data  # until here: what trains in a loop is its user's to keep
        runs = [new for new in fitprint.runs()[: len(fitprint.runs()) - before] if new.parent_id is None]
        bench.expect_runs(case.runs * _THREADS, runs, f"{case.name}, trained in {_THREADS} threads at once,")
        for same in (new for new in runs if new.name == run.name and {*new.params} == {*run.params}):
            assert {*same.metrics} == {*run.metrics}, (
                "a run of a thread has different metrics: look for state that the flavor keeps on itself or in its "
                "module, and keep it in call.cache instead"
            )
            for name in run.metrics:
                values = [len(history.metric_history(name)) for history in (same, run)]
                assert values[0] == values[1], (
                    f"{name} has {values[0]} values in a thread and {values[1]} without: look for state that listen() "
                    "keeps outside of its own callback"
                )

    @needs("fails")
    def test_a_failed_training_is_a_failed_run(self, bench: Bench, case: Case) -> None:
        """A call that raises leaves a run that says so, without a package."""
        bench.on(strict=False)
        assert case.fails is not None
        error = failure(case)
        bench.end_loops()
        runs = [run for run in fitprint.runs() if run.parent_id is None]
        bench.expect_runs(1, runs, f"the failing training of {case.name}")
        (run,) = runs
        assert run.status == "FAILED", (
            f"the run of a call that raised {error!r} is {run.status}, not FAILED: look at what listen() puts into "
            "the call, which may not swallow the error"
        )
        assert run.model_path is None, (
            "the run of a call that raised has a package: look for what the plugin itself saves, or set `fails` of the "
            "Case to a training that ends with the error"
        )

    @needs("breaks_off", where_given=True)
    def test_what_a_training_that_breaks_off_has_learned_is_kept(self, bench: Bench, case: Case) -> None:
        """With `keep_incomplete` there is a package, marked as incomplete, that loads and predicts; without it none."""
        assert case.breaks_off is not None
        for keeps in (False, True):
            bench.on(keep_incomplete=keeps)
            data = case.data()
            with pytest.raises((Exception, KeyboardInterrupt)):
                case.breaks_off(data)
            bench.end_loops()
            run = fitprint.runs()[0]
            assert run.status in ("FAILED", "KILLED"), f"the run of a training that broke off is {run.status}"
            if not keeps:
                assert run.models == {}, f"without keep_incomplete the run has packages: {run.models}"
        assert list(run.models) == ["model"], (
            f"with keep_incomplete the run has no package: {run.skipped}; look at keeps_on_failure() of the flavor, "
            "and at model(), which is asked when the call has no result"
        )
        assert run.tags.get("incomplete") == "true"
        loaded = fitprint.load_model(run)
        if case.predict is not None:
            loaded.predict(case.rows_of(data))

    def test_settings_and_rules_are_obeyed(self, bench: Bench, case: Case) -> None:
        """Rules, `log_models`, `exclude_params`, `tags` and `disabled` have the effect that they promise."""
        bench.on(rules=[lambda call: f"not {call.class_name} {sorted(call.params)}"])
        bench.expect_runs(0, bench.train(case).runs, f"{case.name}, which a rule leaves out,")
        (row,) = [row for row in fitprint.status() if row.name == bench.name]
        assert row.skips, (
            "status() does not count the call that a rule left out: look at params() and at class_name, which a rule "
            "reads before the call and which may not raise"
        )
        bench.on(log_models=False, exclude_params=["*"], tags={"team": "x"})
        trained = bench.train(case)
        run = case.run(trained.runs)
        assert run.models == {}, (
            f"there is a package with log_models=False: {run.models}; let fitprint call save(), and never save by "
            "yourself"
        )
        assert run.params == {}, (
            f"with exclude_params='*' there are params: {run.params}; return them from params() or late_params(), "
            "where the setting reaches them, and log none by yourself"
        )
        assert run.tags.get("team") == "x", (
            f"the tag team=x of the setting is {run.tags.get('team')!r} in the run: look at tags() of the flavor, "
            "which may not replace a tag of the user's"
        )
        bench.on(disabled=True)
        bench.expect_runs(0, bench.train(case).runs, f"{case.name}, trained with disabled=True,")

    @needs("params")
    def test_params_are_complete(self, bench: Bench, case: Case) -> None:
        """The run has every param of the training, with its value."""
        trained, run = bench.recorded(case)
        assert case.params is not None
        expected = {str(name): _json.jsonable(value) for name, value in case.params(trained.result).items()}
        missing = sorted({*expected} - {*run.params})
        assert not missing, f"the run of {case.name} has no param {', '.join(missing)}: look at params() of the flavor"
        wrong = {name: (value, run.params[name]) for name, value in expected.items() if not _equal(value, run, name)}
        assert not wrong, f"params with another value (expected, recorded): {wrong}; look at params() of the flavor"

    def test_params_are_json(self, bench: Bench, case: Case) -> None:
        """Params come back from strict JSON as they were, and none is the repr of an object with its address."""
        _, run = bench.recorded(case)

        def refuse(text: str) -> Any:
            raise AssertionError(f"a param is {text}, which is no JSON: look at params() and record it as a text")

        record = json.loads(Path(run.path, "run.json").read_text("utf-8"), parse_constant=refuse)
        assert {*record["params"]} == {*run.params}, (
            f"params come back under other names: {sorted({*record['params']} ^ {*run.params})}; look at params(): "
            "names have to be texts"
        )
        addresses = {name: value for name, value in record["params"].items() if _ADDRESS.search(json.dumps(value))}
        assert not addresses, (
            f"these params contain a memory address, which is different in every run: {addresses}; look at params(): "
            "record a name, or the object's own params"
        )


def failure(case: Case) -> BaseException:
    """Return the exception that the failing training of a case raises."""
    assert case.fails is not None
    data = case.data()
    succeeded, error = attempt(case.fails, data)
    if succeeded:
        pytest.fail(
            f"`fails` of the case {case.name} raised nothing: give a training that the framework refuses, such as one "
            "with targets of another length",
            pytrace=False,
        )
    assert isinstance(error, Exception)
    return error


def _weakly_referable(model: Any) -> bool:
    return hasattr(type(model), "__weakref__") or type(model).__weakrefoffset__ != 0


def _equal(value: Any, run: fitprint.Run, name: str) -> bool:
    recorded = _json.number(run.params[name])
    return bool(recorded == value) or (value != value and recorded != recorded)


class MetricChecks:
    """Metrics of each iteration, and of early stopping."""

    @needs("history")
    def test_metrics_are_the_frameworks_own_history(self, bench: Bench, case: Case) -> None:
        """The run has every value of every iteration, in order, with steps that count up."""
        trained, run = bench.recorded(case)
        assert case.history is not None
        history = case.history(trained.result)
        assert history, (
            f"`history` of the case {case.name} gives no metric: return the framework's own history, such as "
            "{'loss': [...]}, or leave `history` out"
        )
        for name, expected in history.items():
            recorded = run.metric_history(name)
            assert recorded, (
                f"the run of {case.name} has no metric {name!r}, it has {sorted(run.metrics)}: look at listen() and "
                "metrics() of the flavor, and at the names that it gives"
            )
            values = [value for _, value in recorded]
            wrong = difference([float(value) for value in expected], values, 1e-9)
            assert wrong is None, (
                f"{name} is not what the framework says, {wrong}: look at listen(): is every iteration emitted once, "
                "and none of an earlier training?"
            )
            steps = [step for step, _ in recorded]
            assert steps == sorted(set(steps)), (
                f"the steps of {name} do not count up: {steps[:20]}; look at the step that listen() gives to emit()"
            )

    @needs("stopped")
    def test_early_stopping_is_told(self, bench: Bench, case: Case) -> None:
        """The run has the metrics that tell where early stopping ended the training."""
        trained, run = bench.recorded(case)
        assert case.stopped is not None
        for name, expected in case.stopped(trained.result).items():
            assert name in run.metrics, (
                f"the run of {case.name} has no metric {name}, it has {sorted(run.metrics)}: look at listen() and "
                "metrics()"
            )
            assert math.isclose(run.metrics[name], expected, rel_tol=1e-9, abs_tol=1e-12), (
                f"{name} is {run.metrics[name]}, and the framework says {expected}: look at listen() and metrics(), "
                "and whether both count steps from 0"
            )


_CALLS, _LONG, _CALLS_OF_LONG = 9, 0.1, 3
"""How often a call is measured, and how often one that takes so many seconds, which differ less from call to call."""


class BudgetChecks:
    """What recording costs.

    It is measured as CPU time of the calling thread, on which a busy machine and the framework's own threads have
    little influence.
    """

    budget: ClassVar[Budget | None] = None
    """What recording one call may cost: ``Budget(seconds=0.05)``. Allow several times what you measure."""

    def test_recording_stays_within_its_budget(self, bench: Bench, case: Case) -> None:
        """Compare the fastest of several calls with recording and the fastest of several without."""
        if self.budget is None or not (self.budget.seconds or self.budget.ratio):
            pytest.fail(
                f"{type(self).__name__} declares no budget: budget = Budget(seconds=...) with what recording one "
                "call may cost",
                pytrace=False,
            )
        plain = _fastest(lambda: _seconds(case))
        bench.on()
        recorded = _fastest(lambda: _seconds(case))
        allowed = max(self.budget.seconds, self.budget.ratio * plain)
        assert recorded - plain <= allowed, (
            f"recording {case.name} costs {recorded - plain:.4f} s of CPU time a call, over the {allowed:.4f} s of the "
            f"plugin's budget (the call itself takes {plain:.4f} s): profile params(), listen(), metrics(), save()"
        )


def _fastest(measure: Callable[[], float]) -> float:
    measure()  # what a process computes or imports once
    fastest = measure()
    more = _CALLS - 1 if fastest < _LONG else _CALLS_OF_LONG - 1
    return min([fastest, *(measure() for _ in range(more))])


def _seconds(case: Case) -> float:
    data = case.data()
    started = time.thread_time()
    case.trained(data)
    return time.thread_time() - started
