"""Outermost or nested, and stretches of code in which nothing is recorded."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading

import pytest

import fitprint
from fitprint._core import call_scope


def names():
    return [run.name for run in fitprint.runs()][::-1]


@pytest.fixture
def toylearn(toy, store):
    found = toy.imported()
    fitprint.autolog("toy", quiet=True)
    return found


def fit(toylearn):
    return toylearn.Mean().fit([1], [2])


def test_only_the_outermost_call_makes_a_run(toylearn):
    class Outer(toylearn.Base):
        def fit(self, rows, labels=None):
            self.inner = [fit(toylearn), toylearn.train({}, [1]), toylearn.Shifted().fit([1], [2])]
            self.mean_ = 0.0
            return self

    model = Outer().fit([1], [2])
    assert names() == ["Outer"]
    assert fitprint.run_of(model.inner[0]) is None
    fit(toylearn)
    assert names() == ["Outer", "Mean"]


def test_a_call_that_fails_is_over_too(toylearn):
    with pytest.raises(ValueError, match="no rows"):
        toylearn.Mean().fit([])
    fit(toylearn)
    assert [run.status for run in fitprint.runs()] == ["FINISHED", "FAILED"]


def test_suppress_is_a_context_manager(toylearn):
    with fitprint.suppress():
        fit(toylearn)
        with fitprint.suppress():
            fit(toylearn)
        fit(toylearn)
    assert names() == []
    fit(toylearn)
    assert names() == ["Mean"]


def test_suppress_ends_with_an_exception(toylearn):
    with pytest.raises(KeyError), fitprint.suppress():
        raise KeyError
    fit(toylearn)
    assert names() == ["Mean"]


def test_one_suppress_can_be_entered_again_and_inside_itself(toylearn):
    quiet = fitprint.suppress()
    for _ in range(2):
        with quiet:
            with quiet:
                fit(toylearn)
            fit(toylearn)
        fit(toylearn)
    assert names() == ["Mean", "Mean"]


def test_suppress_is_a_decorator(toylearn):
    @fitprint.suppress()
    def work(value, *, factor=2):
        """What it does."""
        fit(toylearn)
        return value * factor

    assert work(3, factor=5) == 15
    assert (work.__name__, work.__doc__) == ("work", "What it does.")
    assert names() == []
    fit(toylearn)
    assert names() == ["Mean"]


def test_suppress_decorates_async_functions(toylearn):
    @fitprint.suppress()
    async def quiet():
        fit(toylearn)
        await asyncio.sleep(0)
        fit(toylearn)
        return "done"

    async def loud():
        await asyncio.sleep(0)
        fit(toylearn)

    async def both():
        return await asyncio.gather(quiet(), loud(), quiet())

    assert asyncio.iscoroutinefunction(quiet)
    assert asyncio.run(both())[0] == "done"
    assert names() == ["Mean"], "the other task's alone"


def test_suppress_decorates_no_generators(toylearn):
    def steps():
        yield 1

    async def async_steps():
        yield 1

    for function in (steps, async_steps):
        with pytest.raises(TypeError, match="suppress\\(\\) cannot decorate a generator function"):
            fitprint.suppress()(function)


def test_suppress_in_one_thread_leaves_the_others(toylearn):
    inside, done = threading.Event(), threading.Event()

    def quiet():
        with fitprint.suppress():
            inside.set()
            done.wait()
            toylearn.Shifted().fit([1], [2])

    thread = threading.Thread(target=quiet)
    thread.start()
    inside.wait()
    fit(toylearn)
    done.set()
    thread.join()
    assert names() == ["Mean"]


def test_a_session_counts_only_while_it_is_open():
    session = call_scope.Session()
    token = call_scope.enter(session)
    assert call_scope.current() is session
    kept = contextvars.copy_context()
    session.open = False
    assert call_scope.current() is None
    assert kept.run(call_scope.current) is None, "in a context that was copied meanwhile, too"
    call_scope.leave(token)


def test_in_a_stretch_without_recording_no_call_is_recorded():
    with fitprint.suppress():
        assert call_scope.is_recording() is False
        assert call_scope.recorded_run() is None


def test_inside_a_recorded_call_its_recording_and_its_run_are_known(toylearn):
    seen = []

    class Outer(toylearn.Base):
        def fit(self, rows, labels=None):
            seen.append((call_scope.is_recording(), fitprint.active_run(), fitprint.last_run(), fitprint.run_of(self)))
            self.mean_ = 0.0
            return self

    fit(toylearn)
    model = Outer().fit([1], [2])
    ((recording, *runs),) = seen
    assert recording is True
    assert {run.run_id for run in runs} == {fitprint.run_of(model).run_id}
    assert call_scope.is_recording() is False


def test_a_call_in_a_run_that_is_opened_again_becomes_its_child(toylearn):
    with fitprint.start_run("mine") as run:
        pass
    with fitprint.start_run(run_id=run.run_id):
        model = fit(toylearn)
    assert fitprint.run_of(model).parent_id == run.run_id


def test_inside_a_further_call_of_a_block_the_call_s_own_run_is_active(toylearn):
    seen = []

    class Outer(toylearn.Base):
        def fit(self, rows, labels=None):
            seen.append(fitprint.active_run().name)
            with fitprint.start_run("inner"):
                seen.append(fitprint.active_run().name)
            seen.append(fitprint.active_run().name)
            self.mean_ = 0.0
            return self

    with fitprint.start_run("block"):
        fit(toylearn)
        Outer().fit([1], [2])
        seen.append(fitprint.active_run().name)
    assert seen == ["Outer", "inner", "Outer", "block"]


def test_a_session_left_in_another_context_is_no_error():
    token = contextvars.copy_context().run(call_scope.enter, call_scope.Session())
    call_scope.leave(token)
    assert call_scope.current() is None


def test_a_thread_started_inside_a_call_trains_for_itself_afterwards(toylearn):
    started, go = threading.Event(), threading.Event()

    class Outer(toylearn.Base):
        def fit(self, rows, labels=None):
            def later():
                fit(toylearn)  # still part of the call
                started.set()
                go.wait()
                toylearn.Shifted().fit([1], [2])

            self.thread = threading.Thread(target=later)
            self.thread.start()
            started.wait()
            self.mean_ = 0.0
            return self

        def __getstate__(self):
            return {}

    model = Outer().fit([1], [2])
    go.set()
    model.thread.join()
    assert names() == ["Outer", "Shifted"]


@pytest.mark.process
def test_a_fork_is_no_part_of_its_parent_s_call(toylearn):
    class Forks(toylearn.Base):
        def fit(self, rows, labels=None):
            child = os.fork()
            if child == 0:
                fit(toylearn)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            self.mean_ = 0.0
            return self

    Forks().fit([1], [2])
    assert sorted(names()) == ["Forks", "Mean"]


def test_the_first_call_inside_a_run_is_recorded_on_it_and_each_further_one_below(toylearn):
    with fitprint.start_run("mine") as run:
        first, second = toylearn.Mean(1.0).fit([1], [2]), toylearn.Mean(2.0).fit([1], [2])
        run.log_param("own", 1)
    assert fitprint.run_of(first).run_id == run.run_id
    assert fitprint.run_of(second).parent_id == run.run_id
    found = fitprint.get_run(run.run_id)
    assert (found.name, found.params) == ("mine", {"shift": 1.0, "own": 1})
    assert [child.params for child in found.children] == [{"shift": 2.0}]
    assert found.model_path == found.path / "model"


def test_contexts_and_threads_see_their_own_latest_run(toylearn):
    first = fit(toylearn)
    seen = {}

    def work():
        seen["before"] = fitprint.last_run().run_id
        model = fit(toylearn)
        seen["after"] = fitprint.last_run().run_id == fitprint.run_of(model).run_id

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    mine = fitprint.run_of(first).run_id
    assert seen == {"before": mine, "after": True}, "else that of the process"
    assert fitprint.last_run().run_id == mine
    assert contextvars.copy_context().run(fitprint.last_run).run_id == mine
    assert fitprint.run_of(object()) is None
    assert fitprint.run_of(3) is None
