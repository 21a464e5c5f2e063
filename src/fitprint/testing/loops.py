"""Checks of loops: many small calls are one run, which stays open between them and ends with the block around it.

A loop ends with the `start_run` block that it began in, with another training of its object, with the object, or with
the process. The kit ends the loops of its cases as the end of a process does.
"""

from __future__ import annotations

import fitprint
from fitprint.plugin.entry_points import Role
from fitprint.testing.bench import Bench
from fitprint.testing.case import Case, needs


class LoopChecks:
    """For flavors with a `Role.STEP` among their patches."""

    def test_every_kind_of_training_has_a_case(self, bench: Bench) -> None:
        """A flavor that records steps has a case whose `train` makes the steps of a loop."""
        steps = [patch.target for patch in bench.flavor.patches() if patch.role is Role.STEP]
        assert not steps or any(case.loop for case in bench.cases), (
            f"patches() names steps of a loop ({', '.join(steps)}), and no case is a loop: give a Case with loop=True, "
            "whose `train` makes several steps and whose `ends` saves the model, if users do that"
        )

    @needs("loop", where_given=True)
    def test_a_loop_is_one_run_until_it_ends(self, bench: Bench, case: Case) -> None:
        """After the steps the run is there and open; when the loop has ended, it is finished and has its package."""
        bench.on()
        data = case.data()
        result = case.train(data)
        runs = _outermost()
        assert runs, (
            f"the steps of {case.name} left no run: look at patches(): which of them has Role.STEP; and at loop_of()"
        )
        assert len(runs) == 1, (
            f"the steps of {case.name} left several runs: look at loop_of(): it has to return the same object at every "
            "step; and for a call in `train` that begins the loop again (Role.BEGINS) after its first step"
        )
        assert runs[0].status == "RUNNING", (
            f"after its last step, the run of {case.name} is {runs[0].status}: `train` of a loop only makes the steps; "
            "move what ends it, such as saving the model, to `ends` of the Case"
        )
        bench.finish(case, result)
        (run,) = _outermost()
        assert run.status == "FINISHED", f"the run of a loop that has ended is {run.status}: {run.skipped}"
        assert not case.package or run.model_path is not None, (
            f"the loop {case.name} has ended and left no package: {run.skipped}; look at model() and save(), which get "
            "the object of the loop in call.loop, and at sample(), since the data of the steps is gone then"
        )

    @needs("loop", where_given=True)
    def test_a_loop_ends_with_its_block(self, bench: Bench, case: Case) -> None:
        """Inside `with start_run():` the steps belong to the run of the block, which is finished after it."""
        bench.on()
        with fitprint.start_run("mine") as block:
            result = case.train(case.data())
        runs = _outermost()
        bench.expect_runs(1, runs, f"the loop {case.name}, in a start_run block,")
        assert (runs[0].run_id, runs[0].status) == (block.run_id, "FINISHED"), (
            f"after its start_run block, the run of {case.name} is {runs[0].status}: look for a call that the plugin "
            "itself makes of the framework's steps, which opens a run outside of the block"
        )
        assert not case.package or runs[0].models, (
            f"the loop {case.name} ended with its block and left no package: {runs[0].skipped}; look at model(), "
            "save() and sample()"
        )
        del result  # until here: a loop whose object is gone leaves no package


def _outermost() -> list[fitprint.Run]:
    return [run for run in fitprint.runs() if run.parent_id is None]
