"""Calls that have models trained (`Role.GROUPS`): what is trained inside is below their run, and the best stay."""

from __future__ import annotations

import importlib
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

import fitprint
from fitprint._instrumentation import registry
from fitprint._runs import groups


@pytest.fixture
def toylearn(toy, store):
    module = toy.imported()
    fitprint.autolog("toy", quiet=True, strict=True)
    return module


@pytest.fixture
def search(toylearn):
    """A search, which has not begun."""
    return importlib.import_module("toylearn.searching").Search()


def tree(run=None):
    """The names of the runs below a run, or of all runs, each with those below it: (name, status, [...])."""
    runs = run.children if run is not None else [run for run in fitprint.runs() if run.parent_id is None][::-1]
    return [(run.name, run.status, tree(run)) for run in runs]


FIT = ("Mean", "FINISHED", [])


@pytest.fixture
def objective(toylearn):
    """Trains a model; its value is the number of the attempt."""

    def objective(number):
        toylearn.Mean().fit([1], [float(number)])
        return float(number)

    return objective


def test_what_is_trained_inside_is_below_the_part_that_trains_it(search, objective):
    assert search.run(objective, 2) is search
    assert tree() == [("run", "FINISHED", [("attempt", "FINISHED", [FIT]), ("attempt", "FINISHED", [FIT])])]
    run = fitprint.run_of(search)
    assert run is fitprint.last_run()
    assert run.metrics == {"calls": 2.0}
    assert [child.children[0].metrics["mean"] for child in run.children] == [0.0, 1.0]
    assert all(child.children[0].model_path is not None for child in run.children)
    assert run.skipped == []


def test_within_a_training_a_group_is_part_of_it(toylearn, search, objective):
    class Tuned(toylearn.Mean):
        def fit(self, rows, labels=None, *, weight=1.0):
            search.run(objective, 2)
            return super().fit(rows, labels)

    Tuned().fit([1], [1.0])
    assert tree() == [("Tuned", "FINISHED", [])]


def test_after_a_group_the_next_training_is_outermost_again(toylearn, search, objective):
    search.run(objective, 1)
    toylearn.Mean().fit([1], [1.0])
    assert [name for name, _, _ in tree()] == ["run", "Mean"]


def test_in_a_block_the_group_is_on_the_run_of_the_block(toylearn, search, objective):
    with fitprint.start_run("mine") as run:
        search.run(objective, 1)
        toylearn.Mean().fit([1], [1.0])
        search.run(objective, 1)
        assert fitprint.run_of(search) is run
    part = ("attempt", "FINISHED", [FIT])
    assert tree() == [("mine", "FINISHED", [part, FIT, part])]
    assert run.metrics["calls"] == 2


def test_the_active_run_inside_is_that_of_the_part(search, toylearn):
    def objective(number):
        fitprint.log_metric("seen", number)
        with fitprint.start_run("by hand"):
            toylearn.Mean().fit([1], [1.0])
        return number

    search.run(objective, 1)
    assert tree() == [("run", "FINISHED", [("attempt", "FINISHED", [("by hand", "FINISHED", [])])])]
    (part,) = fitprint.last_run().children
    assert part.metrics == {"seen": 0.0, "calls": 1.0}
    assert fitprint.active_run() is None


def test_a_group_in_a_part_of_another_one_is_below_it(search, objective):
    inner = type(search)()
    search.run(lambda number: inner.run(objective, 1).values[0], 1)
    inner_tree = ("run", "FINISHED", [("attempt", "FINISHED", [FIT])])
    assert tree() == [("run", "FINISHED", [("attempt", "FINISHED", [inner_tree])])]


def test_a_further_call_goes_on_with_the_run(search, objective):
    search.run(objective, 1)
    first = fitprint.run_of(search)
    search.run(objective, 2)
    assert fitprint.run_of(search).run_id == first.run_id
    (run,) = [run for run in fitprint.runs() if run.parent_id is None]
    assert (run.run_id, run.status, len(run.children), run.metrics["calls"]) == (first.run_id, "FINISHED", 3, 3)


def test_a_further_call_after_an_error_does_not_keep_it(search, objective):
    with pytest.raises(ZeroDivisionError):
        search.run(lambda number: 1 / 0, 1)
    assert fitprint.run_of(search).error["type"] == "ZeroDivisionError"
    search.run(objective, 1)
    run = fitprint.run_of(search)
    assert (run.status, run.error) == ("FINISHED", None)


def test_a_further_call_for_another_store_is_a_run_there(search, objective, tmp_path):
    search.run(objective, 1)
    fitprint.autolog("toy", quiet=True, store=str(tmp_path / "other"))
    search.run(objective, 1)
    assert [len(fitprint.runs(place)) for place in (None, str(tmp_path / "other"))] == [3, 3]


# Only the best stay


def test_the_best_parts_stay_with_what_is_below_them(search, toylearn, store):
    fitprint.autolog("toy", quiet=True, strict=True, max_child_runs=2)
    values = [3.0, 1.0, 4.0, 0.5, 2.0]
    kept = []

    def objective(number):
        kept.append(toylearn.Mean().fit([1], [values[number]]))
        return values[number]

    search.run(objective, 5)
    run = fitprint.last_run()
    assert [child.children[0].metrics["mean"] for child in run.children] == [1.0, 0.5]
    assert len(fitprint.runs()) == 5
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("children after the best 2", "max_child_runs")]
    assert [fitprint.run_of(model) is not None for model in kept] == [False, True, False, True, False]
    assert not list(store.glob(".open/*"))


def test_of_equal_ones_the_first_stay(search, toylearn):
    fitprint.autolog("toy", quiet=True, strict=True, max_child_runs=1)
    search.run(lambda number: toylearn.Mean().fit([1], [float(number)]) and 1.0, 3)
    assert [child.children[0].metrics["mean"] for child in fitprint.last_run().children] == [0.0]


def test_over_further_calls_the_best_of_all_stay(search, objective):
    fitprint.autolog("toy", quiet=True, strict=True, max_child_runs=1)
    search.run(lambda number: 5.0, 1)
    search.run(objective, 1)
    search.run(lambda number: 7.0, 1)
    run = fitprint.last_run()
    assert [name for name, _, _ in tree(run)] == ["attempt"]
    assert run.children[0].children[0].metrics == {"mean": 1.0}


def test_with_no_child_runs_nothing_is_below(search, objective):
    fitprint.autolog("toy", quiet=True, strict=True, max_child_runs=0)
    search.run(objective, 3)
    assert tree() == [("run", "FINISHED", [])]
    assert [skip.what for skip in fitprint.last_run().skipped] == ["children"]


@pytest.mark.parametrize("what", ["metric", "metric of the fit", "run", "model"])
@pytest.mark.series
def test_what_a_user_has_added_to_stays(search, toylearn, what):
    fitprint.autolog("toy", quiet=True, strict=True, max_child_runs=0)

    def objective(number):
        model = toylearn.Mean().fit([1], [1.0])
        if number == 1:
            if what == "metric":
                fitprint.log_metric("mine", 1.0)
            elif what == "metric of the fit":
                fitprint.run_of(model).log_metric("mine", 1.0)
            elif what == "run":
                fitprint.start_run("by hand").end()
            else:
                fitprint.toy.log_model(model, "mine")
        return 1.0

    search.run(objective, 3)
    (kept,) = fitprint.last_run().children
    assert kept.metrics["calls"] == 2
    assert kept.children[0].model_path is not None


def test_a_loop_in_a_part_ends_with_it(search, toylearn):
    net = importlib.import_module("toylearn.looping").Net()

    def objective(number):
        net.update([1.0])
        return 1.0

    search.run(objective, 2)
    loop = ("Net", "FINISHED", [])
    assert tree() == [("run", "FINISHED", [("attempt", "FINISHED", [loop]), ("attempt", "FINISHED", [loop])])]


# Errors


def test_an_error_reaches_the_user_untouched_and_what_was_done_is_kept(search, objective):
    error = RuntimeError("mine")

    def failing(number):
        if number == 1:
            raise error
        return objective(number)

    with pytest.raises(RuntimeError) as raised:
        search.run(failing, 3)
    assert raised.value is error
    frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert frames[1:] == ["run", "attempt", "failing"]
    assert tree() == [("run", "FAILED", [("attempt", "FINISHED", [FIT]), ("attempt", "FAILED", [])])]
    assert fitprint.last_run().metrics == {"calls": 1.0}


def test_ctrl_c_ends_all_of_it(search, objective):
    def interrupted(number):
        if number == 1:
            raise KeyboardInterrupt
        return objective(number)

    with pytest.raises(KeyboardInterrupt):
        search.run(interrupted, 3)
    assert tree() == [("run", "KILLED", [("attempt", "FINISHED", [FIT]), ("attempt", "KILLED", [])])]
    assert fitprint.active_run() is None


def test_a_part_that_failed_although_it_returned(search, objective):
    search.catch = (ZeroDivisionError,)
    search.run(lambda number: 1 / number, 2)
    failed, finished = fitprint.last_run().children
    assert (failed.status, failed.error) == ("FAILED", {"type": "Failed", "message": "there is no value"})
    assert finished.status == "FINISHED"


def test_a_store_that_fails_leaves_the_search_alone(search, objective, tmp_path):
    (tmp_path / "file").write_text("no folder")
    fitprint.autolog("toy", quiet=True, store=str(tmp_path / "file" / "x"))
    assert search.run(objective, 3).values == [0.0, 1.0, 2.0]


def test_a_run_that_cannot_be_removed_stays_and_the_search_goes_on(search, objective, monkeypatch):
    fitprint.autolog("toy", quiet=True, max_child_runs=0)

    def fails(run):
        raise OSError("no")

    monkeypatch.setattr(groups, "_remove", fails)
    assert search.run(objective, 2).values == [0.0, 1.0]
    assert fitprint.last_run().status == "FINISHED"
    assert "child runs" in {skip.what for skip in fitprint.last_run().skipped}


# Rules


def test_a_group_that_a_rule_refuses_leaves_its_trainings_to_themselves(search, objective):
    fitprint.autolog("toy", quiet=True, strict=True, exclude_estimators=["toylearn.searching.Search"])
    search.run(objective, 2)
    assert tree() == [FIT, FIT]


def test_min_fit_seconds_removes_no_group_that_has_runs_below(search, toylearn):
    fitprint.autolog("toy", quiet=True, strict=True, min_fit_seconds=100)

    def objective(number):
        if number == 0:
            fitprint.start_run("by hand").end()
        return 1.0

    search.run(objective, 2)
    assert tree() == [("run", "FINISHED", [("attempt", "FINISHED", [("by hand", "FINISHED", [])])])]


# Threads, lines


def test_threads_inside_belong_to_the_part(search, toylearn):
    def objective(number):
        thread = threading.Thread(target=lambda: toylearn.Mean().fit([1], [1.0]))
        thread.start()
        thread.join()
        return 1.0

    search.run(objective, 1)
    assert tree() == [("run", "FINISHED", [("attempt", "FINISHED", [FIT])])]


def test_parts_in_several_threads(search, toylearn):
    fitprint.autolog("toy", quiet=True, strict=True, max_child_runs=3)
    barrier = threading.Barrier(4)

    def objective(number):
        barrier.wait()
        toylearn.Mean().fit([1], [1.0])
        return 1.0

    class Parallel(type(search)):
        def run(self, objective, count):
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda _: super(Parallel, self).run(objective, 1), range(count)))

    search.__class__ = Parallel
    with fitprint.start_run("all", group=True):
        search.run(objective, 8)
    runs = [run for run in fitprint.runs() if run.name == "attempt"]
    assert all([name for name, _, _ in tree(run)] == ["Mean"] for run in runs)


def test_one_line_for_all_of_it(run_python, toy, store):
    done = run_python("""
        import fitprint
        import toylearn
        from toylearn.searching import Search
        fitprint.autolog()
        Search().run(lambda number: toylearn.Mean().fit([1], [1.0]).mean_, 3)
    """)
    (line,) = done.stderr.splitlines()
    assert line.startswith("fitprint: run → store/")


def test_a_thread_that_outlives_the_group_is_outermost_again(search, toylearn):
    ended, threads = threading.Event(), []

    def late():
        ended.wait(10)
        toylearn.Mean().fit([1], [1.0])

    def objective(number):
        threads.append(threading.Thread(target=late))
        threads[0].start()
        return 1.0

    search.run(objective, 1)
    ended.set()
    threads[0].join()
    assert ("Mean", "FINISHED", []) in tree()


def test_the_contract_of_a_flavor_that_has_no_ranks(search, objective, monkeypatch):
    fitprint.autolog("toy", quiet=True, strict=True, max_child_runs=1)
    monkeypatch.setattr(type(registry.entries()["toy"].flavor()), "rank", lambda self, call: None)
    search.run(objective, 3)
    assert len(fitprint.last_run().children) == 3
