"""What is logged in a loop goes to the run of the loop whose step was last."""

from __future__ import annotations

import fitprint


def test_between_two_steps_the_latest_run_is_that_of_the_loop_whose_step_was_last(looping, toylearn):
    first, second = looping.Net(), looping.Net()
    first.update([1.0])
    second.update([1.0])
    fitprint.log_metric("which", 2.0)
    first.update([2.0])
    fitprint.log_metric("which", 1.0)
    assert fitprint.run_of(first).metrics["which"] == 1.0
    assert fitprint.run_of(second).metrics["which"] == 2.0


def test_inside_a_step_the_run_of_the_loop_is_active(net):
    seen = []

    class Rows(list):
        def __iter__(self):
            seen.append((fitprint.active_run(), fitprint.last_run()))
            return super().__iter__()

    net.update(Rows([1.0]))
    run = fitprint.run_of(net)
    assert seen[0] == (run, run)
    assert fitprint.active_run() is None
