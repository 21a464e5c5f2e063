"""A run whose record another process writes: what its methods give and do here.

The other process is this one after it has forgotten its writers, so that these tests start none.
"""

from __future__ import annotations

import pytest

import fitprint
from fitprint._runs.run import before_end, writer_of
from fitprint._runs.writer import writers


def status(run_id):
    return fitprint.get_run(run_id).status


def test_an_open_run_can_be_joined_read_and_left(store):
    owner = fitprint.start_run("theirs", tags={"team": "x"})
    owner.log_param("a", 1)
    writers.clear()
    with fitprint.start_run(run_id=owner.run_id) as run:
        run.log_param("b", 2)
        run.log_metric("m", 0.5)
        assert (run.name, run.status, run.params, run.metrics) == ("theirs", "RUNNING", {"a": 1, "b": 2}, {"m": 0.5})
        assert run.tags["team"] == "x"
        assert run.path == owner.path
        assert not [name for name in owner.path.iterdir() if name.suffix == ".partial"]
        with pytest.raises(RuntimeError, match="belongs to another process, which writes its record"):
            writer_of(run)
    assert status(owner.run_id) == "RUNNING"
    assert fitprint.active_run() is owner
    fitprint.end_run()
    assert status(owner.run_id) == "FINISHED"
    assert fitprint.get_run(owner.run_id).params == {"a": 1, "b": 2}


def test_a_block_that_joined_an_open_run_does_not_decide_its_status(store):
    owner = fitprint.start_run()
    writers.clear()
    joined = fitprint.start_run(run_id=owner.run_id)
    owner.end()
    again = fitprint.start_run(run_id=owner.run_id)
    joined.end("FAILED")
    assert status(owner.run_id) == "RUNNING", "the other block has it open"
    again.end("KILLED")
    assert status(owner.run_id) == "KILLED"


@pytest.mark.parametrize("ended", ["FINISHED", "FAILED", "KILLED"])
def test_an_ended_run_is_running_while_it_is_open_again(store, ended):
    with fitprint.start_run("theirs") as owner:
        owner.log_param("a", 1)
    writers.clear()
    run = fitprint.start_run(run_id=owner.run_id)
    run.log_param("b", 2)
    assert (run.status, status(run.run_id), run.params) == ("RUNNING", "RUNNING", {"a": 1, "b": 2})
    fitprint.end_run(ended)
    assert (run.status, status(run.run_id)) == (ended, ended)
    assert fitprint.get_run(run.run_id).params == {"a": 1, "b": 2}
    run.end()
    assert status(run.run_id) == ended, "it has ended already"


def test_a_run_that_was_read_ends_nothing(store):
    with fitprint.start_run() as finished:
        pass
    opened = fitprint.start_run()
    fitprint.get_run(finished.run_id).end("FAILED")
    assert status(finished.run_id) == "FINISHED"
    with pytest.raises(RuntimeError, match="was read back: open it with start_run"):
        fitprint.get_run(opened.run_id).end()
    assert status(opened.run_id) == "RUNNING"


def test_what_is_still_open_on_a_run_is_ended_before_it_and_once(store):
    seen = []
    with fitprint.start_run() as run:
        for name in ("first", "second"):
            before_end(run).append(lambda name=name: seen.append((name, run.status)))
    run.end()
    assert seen == [("first", "RUNNING"), ("second", "RUNNING")]
