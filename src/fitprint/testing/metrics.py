"""Checks: metrics are what the framework itself says."""

from __future__ import annotations

import math

from fitprint.testing.bench import Bench
from fitprint.testing.case import Case
from fitprint.testing.comparing import difference
from fitprint.testing.declared import needs


class MetricChecks:
    """Per-iteration metrics and early stopping."""

    @needs("history")
    def test_metrics_are_the_frameworks_own_history(self, bench: Bench, case: Case) -> None:
        """Every value of every iteration, in order, with steps that count up."""
        trained, run = bench.recorded(case)
        assert case.history is not None
        history = case.history(trained.result)
        assert history, f"`history` of the case {case.name} gives no metric"
        for name, wanted in history.items():
            recorded = run.metric_history(name)
            assert recorded, (
                f"the run of {case.name} has no metric {name!r}, it has {sorted(run.metrics)}: look at listen() and "
                "metrics() of the flavor, and at the names that it gives"
            )
            found = [value for _, value in recorded]
            wrong = difference([float(each) for each in wanted], found, 1e-9)
            assert wrong is None, (
                f"{name} is not what the framework says, {wrong}: look at listen(): is every iteration emitted, once, "
                "and none of a training before?"
            )
            steps = [step for step, _ in recorded]
            assert steps == sorted(set(steps)), f"the steps of {name} do not count up: {steps[:20]}"

    @needs("stopped")
    def test_early_stopping_is_told(self, bench: Bench, case: Case) -> None:
        """Where it ended, as metrics."""
        trained, run = bench.recorded(case)
        assert case.stopped is not None
        for name, wanted in case.stopped(trained.result).items():
            assert name in run.metrics, f"the run of {case.name} has no metric {name}: look at listen() and metrics()"
            assert math.isclose(run.metrics[name], wanted, rel_tol=1e-9, abs_tol=1e-12), (
                f"{name} is {run.metrics[name]}, the framework says {wanted}"
            )
