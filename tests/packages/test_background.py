"""The setting `save_in_background`: a large package is hashed and written after the training call has returned."""

from __future__ import annotations

import errno
import json
import os
import random
import threading

import numpy
import pytest

import fitprint
from fitprint._core import work_queue
from fitprint._core.isolation import side_effect_free
from fitprint.models import package as package_module
from fitprint.models.package import Package, PackageFile

LARGE = 400_000


@pytest.fixture(autouse=True)
def _less_in_the_foreground(monkeypatch):
    monkeypatch.setattr(package_module, "MOST_IN_FOREGROUND", 200_000)


@pytest.fixture
def toylearn(toy, store):
    module = toy.imported()
    fitprint.autolog("toy", quiet=True, save_in_background=True)
    return module


@pytest.fixture
def large(toylearn):
    """Makes a model whose package has more than is written at once."""

    def make(value=1):
        model = toylearn.Mean()
        model.weights = numpy.full(LARGE, value, numpy.uint8)
        return model

    return make


@pytest.fixture
def held(monkeypatch):
    """Holds up what is written in the background until the event is set."""
    event, store_block = threading.Event(), PackageFile._store

    def wait_and_store(self, block):
        if isinstance(block, bytes) and threading.current_thread() is not threading.main_thread():
            assert event.wait(60)
        store_block(self, block)

    monkeypatch.setattr(PackageFile, "_store", wait_and_store)
    yield event
    event.set()


def on_disk(store):
    """The states of the runs, as their records are at this moment."""
    return [json.loads(path.read_text())["status"] for path in store.glob("**/run.json")]


def test_the_call_returns_before_the_package_is_written(large, held, store):
    model = large()
    model.fit([1], [2])
    assert on_disk(store) == ["RUNNING"]
    assert not list(store.glob("**/checksums.json"))
    model.weights[:] = 9  # what the user does with it afterwards is not part of the training
    run = fitprint.run_of(model)
    held.set()
    assert (run.status, list(run.models), run.skipped) == ("FINISHED", ["model"], [])
    assert on_disk(store) == ["FINISHED"]
    assert run.model_path.parent == store / run.run_id
    loaded = fitprint.load_model(run).unwrap()
    assert loaded.weights.max() == loaded.weights.min() == 1
    for thread in threading.enumerate():
        if thread.name == "fitprint packages":
            thread.join(60)  # it ends when there is nothing more to do
            assert not thread.is_alive()


def test_while_it_writes_fitprint_s_own_draws_still_leave_the_random_state(large, held):
    large().fit([1], [2])
    before = random.getstate()
    with side_effect_free():
        random.random()
    assert random.getstate() == before


def test_what_reads_the_store_waits_for_it(large, held, store):
    large().fit([1], [2])
    threading.Timer(0.2, held.set).start()
    (run,) = fitprint.runs()
    assert (run.status, list(run.models)) == ("FINISHED", ["model"])
    assert fitprint.load_model(f"runs:/{run.run_id}/model").unwrap().mean_ == 2.0


def test_two_trainings_are_written_one_after_the_other(large, held, store):
    models = [large(value) for value in (1, 2)]
    for model in models:
        model.fit([1], [2])
    held.set()
    for value, model in enumerate(models, 1):
        assert fitprint.load_model(fitprint.run_of(model)).unwrap().weights[-1] == value


def test_a_small_package_is_written_at_once(toylearn, monkeypatch, store):
    monkeypatch.setattr(work_queue, "do_later", lambda *args: pytest.fail("nothing is left to do"))
    toylearn.Mean().fit([1], [2])
    assert on_disk(store) == ["FINISHED"]


def test_by_default_a_large_one_too(large, monkeypatch, store):
    fitprint.autolog("toy", quiet=True)
    monkeypatch.setattr(work_queue, "do_later", lambda *args: pytest.fail("nothing is left to do"))
    large().fit([1], [2])
    assert on_disk(store) == ["FINISHED"]


def test_a_block_ends_when_its_package_is_written(large, held, store):
    with fitprint.start_run() as run:
        large().fit([1], [2])
        fitprint.log_metric("between", 1.0)
        held.set()
    assert on_disk(store) == ["FINISHED"]
    assert (list(run.models), run.metrics["between"]) == (["model"], 1.0)


def test_an_error_of_the_disk_costs_the_package(large, monkeypatch, store):
    store_block = PackageFile._store

    def full(self, block):
        if threading.current_thread() is not threading.main_thread():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        store_block(self, block)

    monkeypatch.setattr(PackageFile, "_store", full)
    model = large()
    model.fit([1], [2])
    run = fitprint.last_run()
    assert (run.status, run.models) == ("FINISHED", {})
    assert [skip.what for skip in run.skipped] == ["model"]
    assert "No space left on device" in run.skipped[0].reason
    assert not [path for path in run.path.iterdir() if "model" in path.name]


def test_a_package_over_the_limit_is_refused_at_once(large, store):
    fitprint.autolog("toy", quiet=True, save_in_background=True, max_model_size=LARGE - 1)
    large().fit([1], [2])
    assert on_disk(store) == ["FINISHED"]
    run = fitprint.last_run()
    assert ([skip.rule for skip in run.skipped], run.models) == (["max_model_size"], {})
    assert not [path for path in run.path.iterdir() if "model" in path.name]


def test_secrets_in_a_package_are_still_looked_for(large, toylearn, store):
    class Secret(toylearn.Mean):
        def fit(self, rows, labels=None):
            self.mean_ = 1.0
            return self

        def __reduce__(self):
            return rebuilt, (toylearn.Mean, {"shift": self.shift, "mean_": 1.0, "weights": b"1" * LARGE})

    for refuses in (False, True):
        fitprint.autolog("toy", quiet=True, save_in_background=True, redact=["shift"], redact_models=refuses)
        Secret("a rather secret text").fit([1], [2])
        run = fitprint.last_run()
        assert run.params == {"shift": "***"}
        assert list(run.models) == ([] if refuses else ["model"])
        assert {skip.rule for skip in run.skipped} == {"redact"}


def rebuilt(cls, state):
    model = cls()
    vars(model).update(state)
    return model


def test_inside_a_search_nothing_is_put_off(toylearn, large, store):
    from toylearn.searching import Search

    search = Search()
    search.run(lambda number: large().fit([1], [number]).mean_, 2)
    assert set(on_disk(store)) == {"FINISHED"}


def test_what_a_flavor_reads_back_is_there(tmp_path):
    package = Package(tmp_path / "package")
    package.background = "a run"
    with package.open("weights") as file:
        file.write(b"0" * LARGE)
        file.write(b"1")
        assert package.writes_later()
    assert (package.folder / "weights").stat().st_size == LARGE + 1
    with package.open("weights") as file:
        file.write(b"0" * LARGE)
        file.restart()
        file.write(b"2")
    package.path("whole").write_bytes(b"3" * LARGE)
    package.seal(tmp_path / "sealed")
    assert (tmp_path / "sealed" / "weights").read_bytes() == b"2"
    checksums = json.loads((tmp_path / "sealed" / "checksums.json").read_text())
    assert sorted(checksums) == ["weights", "whole"]
    assert package.size == 1 + LARGE


def test_not_more_waits_than_memory_allows(tmp_path, monkeypatch):
    monkeypatch.setattr(work_queue, "MOST_WAITING", 3)
    waiting, most = [], []
    held = threading.Event()

    def work():
        assert held.wait(60)
        waiting.pop()

    def give():
        for _ in range(10):
            work_queue.do_later(work, "a run", 1)
            waiting.append(1)
            most.append(len(waiting))

    giver = threading.Thread(target=give)
    giver.start()
    while len(most) < 3:
        giver.join(0.01)
    giver.join(0.1)
    assert len(most) == 3
    held.set()
    giver.join(60)
    assert work_queue.wait("a run", 60)
    assert len(most) == 10


ENDS = """
import os, sys, threading
import numpy, toylearn, fitprint
from fitprint.models.package import PackageFile

fitprint.autolog("toy", quiet=True, save_in_background=True)
store_block, begun = PackageFile._store, threading.Event()

def slowly(self, block):
    if threading.current_thread() is not threading.main_thread():
        begun.set()
        threading.Event().wait(60 if sys.argv[1] == "killed" else 0.2)
    store_block(self, block)

PackageFile._store = slowly
model = toylearn.Mean()
model.weights = numpy.ones(20_000_000, numpy.uint8)
model.fit([1], [2])
begun.wait()
if sys.argv[1] == "killed":
    os._exit(9)
if sys.argv[1] == "fork":
    child = os.fork()
    if not child:
        model.fit([1], [3])  # is written by a thread of the child's own
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
print("the program is through")
"""


def test_the_end_of_the_program_waits_for_it(toy, store, run_python):
    done = run_python(ENDS, "exit")
    assert (done.stdout, done.stderr) == ("the program is through\n", "")
    (run,) = fitprint.runs()
    assert run.status == "FINISHED"
    assert fitprint.load_model(run).unwrap().mean_ == 2.0


def test_a_killed_program_leaves_no_half_package(toy, store, run_python):
    run_python(ENDS, "killed", check=False)
    (run,) = fitprint.runs()
    assert (run.status, run.models) == ("KILLED", {})
    assert not list(store.glob("**/checksums.json"))


@pytest.mark.skipif(os.name != "posix", reason="needs fork")
def test_a_forked_child_writes_its_own_alone(toy, store, run_python):
    done = run_python(ENDS, "fork")
    assert done.stderr == ""
    assert [(run.status, run.metrics["mean"]) for run in fitprint.runs()] == [("FINISHED", 3.0), ("FINISHED", 2.0)]
    assert all(list(run.models) == ["model"] for run in fitprint.runs())
