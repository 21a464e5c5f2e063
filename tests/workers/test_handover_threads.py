"""Sessions travel with work inside one process: to threads, thread pools, and joblib's own calls."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import joblib
import pytest

import fitprint


@pytest.fixture
def toylearn(toy, store):
    found = toy.imported()
    fitprint.autolog("toy", quiet=True)
    return found


def names():
    return sorted(run.name for run in fitprint.runs())


class Threads:
    """Ways to train in threads of this process."""

    @staticmethod
    def plain(function):
        threads = [threading.Thread(target=function, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @staticmethod
    def subclass(function):
        class Mine(threading.Thread):
            def run(self):
                function(0)

        threads = [Mine() for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @staticmethod
    def executor(function):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(function, range(4)))

    @staticmethod
    def pool(function):
        with ThreadPool(2) as pool:
            pool.map(function, range(4))


@pytest.mark.parametrize("kind", ["plain", "subclass", "executor", "pool"])
def test_threads_started_in_a_call_are_part_of_it(toylearn, kind):
    class Search(toylearn.Base):
        def fit(self, rows, labels=None):
            getattr(Threads, kind)(lambda n: toylearn.Mean(float(n)).fit([1], [2]))
            self.mean_ = 0.0
            return self

    Search().fit([1], [2])
    assert names() == ["Search"]
    getattr(Threads, kind)(lambda n: toylearn.Mean(float(n)).fit([1], [2]))
    assert names() == [*["Mean"] * 4, "Search"]


@pytest.mark.parametrize("kind", ["plain", "subclass", "executor", "pool"])
def test_threads_started_in_a_run_s_block_see_the_run(toylearn, kind):
    seen = []
    with fitprint.start_run("mine") as run:
        getattr(Threads, kind)(lambda n: seen.append(fitprint.active_run()))
    assert seen == [run] * 4
    getattr(Threads, kind)(lambda n: seen.append(fitprint.active_run()))
    assert seen[4:] == [None] * 4


def test_a_thread_pool_s_worker_keeps_nothing_of_an_earlier_task(toylearn):
    with ThreadPoolExecutor(1) as pool:

        class Search(toylearn.Base):
            def fit(self, rows, labels=None):
                pool.submit(toylearn.Mean().fit, [1], [2]).result()
                self.mean_ = 0.0
                return self

        Search().fit([1], [2])
        pool.submit(toylearn.Shifted().fit, [1], [2]).result()
    assert names() == ["Search", "Shifted"]


@pytest.mark.process
def test_results_and_errors_of_tasks_are_untouched(toylearn):
    error = ValueError("mine")

    def work(value):
        if value == 3:
            raise error
        return value * 2

    for backend in ("threading", "loky"):
        with joblib.parallel_config(backend=backend, n_jobs=2):
            assert joblib.Parallel()(joblib.delayed(work)(n) for n in range(3)) == [0, 2, 4]
            assert joblib.Parallel()([joblib.delayed(work)(n) for n in range(3)]) == [0, 2, 4]
            assert list(joblib.Parallel(return_as="generator")(joblib.delayed(work)(n) for n in range(3))) == [0, 2, 4]
            with pytest.raises(ValueError, match="mine"):
                joblib.Parallel()(joblib.delayed(work)(n) for n in range(5))
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work, value=2).result() == 4
        assert pool.submit(work, 3).exception() is error


def test_what_is_no_task_is_joblib_s_to_complain_about(toylearn):
    with pytest.raises((TypeError, ValueError)):
        joblib.Parallel(n_jobs=1)([1, 2])


def test_tasks_are_taken_one_by_one_from_a_generator(toylearn):
    taken, go = [], threading.Event()

    def work(n):
        go.wait()
        return n

    def tasks():
        for n in range(100):
            taken.append(n)
            yield joblib.delayed(work)(n)

    results = joblib.Parallel(n_jobs=2, backend="threading", pre_dispatch=4, return_as="generator")(tasks())
    assert len(taken) < 100
    go.set()
    assert list(results) == list(range(100))


def test_the_places_are_restored(toylearn):
    places = [
        (joblib.Parallel, "__call__"),
        (threading.Thread, "start"),
        (ThreadPoolExecutor, "submit"),
        (sys.modules["multiprocessing.pool"].Pool, "apply_async"),
    ]
    patched = [vars(cls)[name] for cls, name in places]
    assert {type(patch).__name__ for patch in patched} == {"Patched"}
    fitprint.disable()
    assert [vars(cls)[name] for cls, name in places] == [patch.__wrapped__ for patch in patched]
