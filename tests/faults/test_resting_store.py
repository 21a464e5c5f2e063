"""A store that cannot be written: said once, left alone for a minute, and what it missed is written when it works."""

from __future__ import annotations

import json
import os
import shutil

import pytest

import fitprint
from fitprint._runs import store_breaker
from fitprint._runs.metrics import MOST_BUFFERED, MetricBuffer
from fitprint._runs.side_writer import SideWriter


@pytest.fixture
def recorded(toy, store):
    """The toy's training call, recorded without lines."""
    toylearn = toy.imported()
    fitprint.autolog("toy", quiet=True)
    return toylearn


def in_the_way(store):
    """Makes the store a plain file, for whoever runs the tests: root may write anywhere."""
    store.rename(store.with_name("elsewhere"))
    store.write_text("")


def out_of_the_way(store):
    store.unlink()
    store.with_name("elsewhere").rename(store)


def a_minute_later():
    for value in store_breaker.breakers.values():
        value.until = float("-inf")


def skips():
    return next(row.skips for row in fitprint.status() if row.name == "toy")


def statuses():
    return [run.status for run in fitprint.runs()]


def test_a_store_is_left_alone_for_a_minute_and_then_tried_again(recorded, store, caplog):
    recorded.Mean().fit([1], [2])
    in_the_way(store)
    for _ in range(3):
        recorded.Mean().fit([1], [2])
    out_of_the_way(store)
    recorded.Mean().fit([1], [2])
    assert (statuses(), skips()) == (["FINISHED"], {"store": 4}), "it rests, though it could be written"
    a_minute_later()
    recorded.Mean().fit([1], [2])
    assert statuses() == ["FINISHED"] * 2
    (line,) = caplog.messages
    assert f"{store} cannot be written (Not a directory)" in line
    assert "make it writable, or set FITPRINT_STORE to another folder" in line


def test_a_store_that_works_no_better_after_a_minute_is_not_said_again(recorded, store, caplog):
    store.write_text("")
    for _ in range(3):
        recorded.Mean().fit([1], [2])
        a_minute_later()
    assert len(caplog.messages) == 1
    assert skips() == {"store": 3}


def test_a_fault_after_the_store_worked_again_is_said_again(recorded, store, caplog):
    recorded.Mean().fit([1], [2])
    for _ in range(2):
        in_the_way(store)
        recorded.Mean().fit([1], [2])
        out_of_the_way(store)
        a_minute_later()
        recorded.Mean().fit([1], [2])
    assert len(caplog.messages) == 2
    assert store_breaker.breakers == {}


def test_the_model_is_not_even_pickled_while_the_store_rests(recorded, store):
    class Counted(recorded.Mean):
        pickled = 0

        def __reduce_ex__(self, protocol):
            Counted.pickled += 1
            return super().__reduce_ex__(protocol)

    Counted().fit([1], [2])
    whole, Counted.pickled = Counted.pickled, 0
    assert whole > 0
    in_the_way(store)
    Counted().fit([1], [2])
    Counted().fit([1], [2])
    assert Counted.pickled == 0


IN_THE_MIDDLE = """
import json
from faulty_files import *
from sklearn.tree import DecisionTreeClassifier
from fitprint._runs.open import begin_run
from fitprint._settings.layers import current


class Counted(DecisionTreeClassifier):
    pickled = 0

    def __reduce_ex__(self, protocol):
        Counted.pickled += 1
        return super().__reduce_ex__(protocol)


fitprint.autolog(quiet=True)
empty_store()
with fault() as found:
    begun = begin_run(current().settings(), "begun as that of a training is")
begun.end()
for operation in range(found[0] + 1, found[0] + 10):  # until one that is needed fails after the run has begun
    empty_store()
    Counted.pickled = 0
    with fault(operation, 28, ONCE):
        Counted().fit([[1], [2]], [1, 2])
    if lines:
        break
DecisionTreeClassifier().fit([[1], [2]], [1, 2])
(run,) = fitprint.runs()
(row,) = [status for status in fitprint.status() if status.name == "sklearn"]
print(json.dumps([run.status, run.params["max_depth"], run.skipped, Counted.pickled, lines, row.skips]))
"""


def test_a_store_that_fails_in_the_middle_of_a_run_rests_from_then_on(run_faulty):
    status, depth, skipped, pickled, lines, skips = json.loads(run_faulty(IN_THE_MIDDLE).stdout)
    assert (status, depth, pickled) == ("FINISHED", None, 0)
    assert {rule for _, rule, _ in skipped} == {"store"}
    assert {"the data set's facts", "model"} <= {what for what, _, _ in skipped}
    assert "cannot be written (No space left on device)" in lines[0]
    assert (len(lines), skips) == (1, {"store": 2}), "the run that lacks something, and the call that left none"


def test_an_error_that_pickling_the_model_raises_says_nothing_of_the_store(recorded, store, caplog):
    class Refuses(recorded.Mean):
        def __reduce_ex__(self, protocol):
            raise OSError(28, "No space left on device")

    Refuses().fit([1], [2])
    recorded.Mean().fit([1], [2])
    ordinary, refused = fitprint.runs()
    assert ("model", "error") in [skip[:2] for skip in refused.skipped]
    assert ordinary.model_path is not None
    assert store_breaker.breakers == {}
    assert not [line for line in caplog.messages if "cannot be written" in line]


def test_a_run_whose_end_cannot_be_written_is_ended_when_the_next_one_begins(recorded, store):
    run = fitprint.start_run("mine")
    run.log_param("kept", 1)
    run.log_metric("kept", 2.0)
    in_the_way(run.path)
    with pytest.raises(OSError, match="Not a directory"):
        fitprint.end_run()
    out_of_the_way(run.path)
    assert fitprint.get_run(run.run_id).status == "RUNNING"
    a_minute_later()
    recorded.Mean().fit([1], [2])
    found = fitprint.get_run(run.run_id)
    assert (found.status, found.params, found.metrics) == ("FINISHED", {"kept": 1}, {"kept": 2.0})
    assert found.metric_history("kept") == [(0, 2.0)]
    assert os.listdir(store / ".open") == []


def test_a_bounded_number_of_runs_waits_for_a_store(store, monkeypatch):
    monkeypatch.setattr(store_breaker, "breakers", {})

    class Waits:
        written_here = True
        closed = 0

        def close(self):
            Waits.closed += 1

    for _ in range(3 * store_breaker.MOST_WAITING):
        store_breaker.enqueue("somewhere", Waits())
    store_breaker.check("somewhere")  # a run that was interrupted waits too, for a store that has not failed
    store_breaker.recover("somewhere")
    assert Waits.closed == store_breaker.MOST_WAITING


def test_values_that_cannot_be_written_are_kept_and_written_with_the_next(store):
    with fitprint.start_run() as run:
        run.log_metric("first", 1.0)
        in_the_way(run.path)
        for step in range(3):
            run.log_metric("kept", float(step), step)
        out_of_the_way(run.path)
        a_minute_later()
    assert run.metric_history("kept") == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert run.metric_history("first") == [(0, 1.0)]


def test_a_run_whose_folder_was_removed_says_nothing_of_the_store(recorded, store, caplog):
    run = fitprint.start_run()
    shutil.rmtree(run.path)
    with pytest.raises(FileNotFoundError):
        fitprint.end_run()
    recorded.Mean().fit([1], [2])
    assert statuses() == ["FINISHED"]
    assert store_breaker.breakers == {}
    assert caplog.messages == [f"run {run.run_id} was removed: what is added to it is lost"]


def raises_nothing(run):
    """All that a block may do while its store fails: training apart, which other tests do."""
    run.log_param("p", 1)
    run.log_metric("m", 1.0)
    run.set_tag("t", 1)
    run.log_text("x", "notes/a.txt")
    run.log_dict({"a": 1}, "b.json")


@pytest.mark.parametrize("hides", [in_the_way, shutil.rmtree], ids=["fails", "removed"])
def test_a_block_whose_store_fails_raises_nothing_and_says_it_once(recorded, store, caplog, hides):
    with fitprint.start_run() as run:
        raises_nothing(run)
        hides(run.path)
        raises_nothing(run)
        recorded.Mean().fit([1], [2])
    raises_nothing(run)
    assert len(caplog.messages) == 1, caplog.messages
    assert str(store) in caplog.messages[0] or f"run {run.run_id} was removed" in caplog.messages[0]


@pytest.mark.parametrize("hides", [in_the_way, shutil.rmtree], ids=["fails", "removed"])
def test_a_block_whose_store_fails_lets_the_program_s_own_exception_pass(store, hides):
    own = KeyError("mine")

    def program():
        with fitprint.start_run() as run:
            hides(run.path)
            raise own

    with pytest.raises(KeyError) as raised:
        program()
    assert raised.value is own
    assert (own.__cause__, own.__context__) == (None, None)


def test_what_a_block_could_not_write_is_written_when_the_store_works_again(recorded, store):
    with fitprint.start_run("mine") as run:
        in_the_way(run.path)
        run.log_param("kept", 1)
        run.log_text("x", "lost.txt")
    run.log_param("after", 2)
    out_of_the_way(run.path)
    a_minute_later()
    recorded.Mean().fit([1], [2])
    found = fitprint.get_run(run.run_id)
    assert (found.status, found.params) == ("FINISHED", {"kept": 1, "after": 2})
    assert [skip[:2] for skip in found.skipped] == [("artifact lost.txt", "store")]


def test_a_name_that_clashes_is_an_error_of_its_call_alone(recorded, store, caplog):
    with fitprint.start_run("mine") as run:
        run.log_text("a", "conf/a.txt")
        for name, reason in {
            "conf": "there is a folder of that name",
            "conf/a.txt/b": "'conf/a.txt' is a file",
        }.items():
            with pytest.raises(FileExistsError, match=f"'{name}' cannot be written, because {reason}"):
                run.log_text("b", name)
        with pytest.raises(OSError, match="File name too long"):
            run.log_text("b", "x" * 300)
        for name in ("run.json.partial", "RUN.JSON", "Artifacts", "also", "x.partial", "a\\b", ".."):
            with pytest.raises(ValueError, match="not a valid name for a model"):
                fitprint.toy.log_model(recorded.Mean().fit([1], [2]), name)
        run.log_text("c", "after.txt")
    recorded.Mean().fit([1], [2])
    assert fitprint.runs()[0].status == "FINISHED"
    assert (run.status, run.artifacts, caplog.messages) == ("FINISHED", ["conf/a.txt", "after.txt"], [])
    assert store_breaker.breakers == {}
    assert not list(store.rglob("*.partial"))


def test_a_name_that_clashes_for_another_process_is_an_error_of_its_call_alone(store):
    with fitprint.start_run("mine") as run:
        pass
    joined = SideWriter(str(store), run.run_id)
    joined.write_artifact("conf/a.txt", b"a")
    for name in ("conf", "conf/a.txt/b"):
        with pytest.raises(FileExistsError, match="cannot be written, because"):
            joined.write_artifact(name, b"b")
    joined.write()
    assert fitprint.get_run(run.run_id).artifacts == ["conf/a.txt"]
    assert not list(store.rglob("*.partial"))
    assert store_breaker.breakers == {}


def test_a_waiting_run_that_cannot_be_written_keeps_no_other_waiting(store):
    class Waits:
        written_here = True

        def __init__(self, error=None):
            self.error, self.closed = error, False

        def close(self):
            if self.error:
                raise self.error
            self.closed = True

    bad, good = Waits(OSError(21, "Is a directory")), Waits()
    for run in (bad, good):
        store_breaker.enqueue("somewhere", run)
    store_breaker.recover("somewhere")
    assert good.closed
    store_breaker.reset("somewhere")
    assert store_breaker.breakers == {}


def test_a_bounded_number_of_values_waits_for_a_store():
    buffer, times = MetricBuffer(), [0.0] * MOST_BUFFERED
    buffer.add("loss", times, range(MOST_BUFFERED), times)
    buffer.drop_excess()
    assert buffer.dropped == 0
    buffer.add("loss", [1.0], [MOST_BUFFERED], [0.0])
    buffer.drop_excess()
    assert 0 < buffer.dropped < MOST_BUFFERED / 2, "the oldest, and some more than needed"


def test_values_without_as_many_times_are_refused_whole():
    buffer = MetricBuffer()
    with pytest.raises(ValueError, match="as many"):
        buffer.add("loss", [1.0, 2.0], [0, 1], [0.0])
    assert not buffer


def test_values_whose_adding_is_interrupted_leave_a_buffer_that_can_be_written():
    class Interrupting:
        """Times that are looked at once, for whether they are finite; the second look is interrupted."""

        def __init__(self, times):
            self.looks = [iter(times)]

        def __len__(self):
            return 1

        def __iter__(self):
            if not self.looks:
                raise KeyboardInterrupt
            return self.looks.pop()

    buffer = MetricBuffer()
    buffer.add("loss", [0.5], [0], [1.0])
    with pytest.raises(KeyboardInterrupt):
        buffer.add("loss", [0.25], [1], Interrupting([2.0]))
    assert len(buffer) == 1
    assert buffer.text().count("\n") == 1
