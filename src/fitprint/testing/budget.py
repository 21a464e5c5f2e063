"""Check: recording a call costs no more than the plugin says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

import pytest

from fitprint.testing.bench import Bench
from fitprint.testing.case import Budget, Case

_CALLS = 9


class BudgetChecks:
    """The CPU time of the calling thread, which neither a busy machine nor the framework's own threads change much."""

    budget: ClassVar[Budget | None] = None
    """What recording one call may cost: ``Budget(seconds=0.05)``. Several times what you measure is right."""

    def test_recording_stays_within_its_budget(self, bench: Bench, case: Case) -> None:
        """The fastest of several calls with recording, less the fastest of several without."""
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
    measure()  # what is found out or imported once per process
    return min(measure() for _ in range(_CALLS))


def _seconds(case: Case) -> float:
    data = case.data()
    started = time.thread_time()
    case.train(data)
    return time.thread_time() - started
