"""joblib's backends that are not its own: threads of this process are reached, other processes are told of."""

from __future__ import annotations

import subprocess
import sys
import traceback
from concurrent.futures import Future, ThreadPoolExecutor

import cloudpickle
import joblib
import pytest
from joblib.parallel import AutoBatchingMixin, ParallelBackendBase

import fitprint

ELSEWHERE = """
import sys
sys.modules["fitprint"] = sys.modules["wrapt"] = None  # neither is installed there
import cloudpickle, pickle
sys.stdout.buffer.write(pickle.dumps(pickle.load(sys.stdin.buffer)()))
"""


class OneAtATime(AutoBatchingMixin, ParallelBackendBase):
    """What every backend below shares."""

    supports_retrieve_callback = True

    def effective_n_jobs(self, n_jobs):
        return 2

    def retrieve_result_callback(self, out):
        return out.result()

    def done(self, future, callback):
        future.add_done_callback(callback)
        return future


class Threads(OneAtATime):
    """Runs tasks in threads of its own."""

    uses_threads = supports_sharedmem = True

    def submit(self, func, callback=None):
        if not hasattr(self, "pool"):
            self.pool = ThreadPoolExecutor(2)
        return self.done(self.pool.submit(func), callback)


class Cluster(OneAtATime):
    """Runs tasks in processes that know nothing of fitprint."""

    def submit(self, func, callback=None):
        future = Future()
        work = cloudpickle.dumps(func)
        done = subprocess.run([sys.executable, "-c", ELSEWHERE], input=work, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        future.set_result(cloudpickle.loads(done.stdout))
        return self.done(future, callback)


@pytest.fixture(autouse=True)
def backends():
    joblib.register_parallel_backend("threads of its own", Threads)
    joblib.register_parallel_backend("cluster", Cluster)
    yield
    for name in ("threads of its own", "cluster"):
        del joblib.parallel.BACKENDS[name]


@pytest.fixture
def toylearn(toy, store):
    found = toy.imported()
    fitprint.autolog("toy", strict=True)
    return found


def in_parallel(backend, tasks):
    return joblib.Parallel(n_jobs=2, backend=backend)(tasks)


def meta(toylearn, backend):
    class Meta(toylearn.Base):
        def fit(self, rows, labels=None):
            in_parallel(backend, [joblib.delayed(toylearn.Mean().fit)(rows, labels) for _ in range(4)])
            self.mean_ = 0.0
            return self

    return Meta()


def test_what_a_call_trains_in_a_backend_s_threads_is_part_of_it(toylearn):
    meta(toylearn, "threads of its own").fit([1], [2])
    assert [run.name for run in fitprint.runs()] == ["Meta"]
    assert fitprint.status().unreached == ()


def test_the_user_s_own_tasks_in_a_backend_s_threads_are_recorded(toylearn):
    in_parallel("threads of its own", [joblib.delayed(toylearn.Mean().fit)([1], [2]) for _ in range(4)])
    assert [run.name for run in fitprint.runs()] == ["Mean"] * 4


@pytest.mark.process
def test_what_leaves_for_unknown_workers_is_the_bare_function_and_is_told_once(toylearn, caplog):
    for _ in range(2):
        assert in_parallel("cluster", [joblib.delayed(divmod)(7, number) for number in (2, 3)]) == [(3, 1), (2, 1)]
    (unreached,) = fitprint.status().unreached
    assert unreached == f"joblib's backend {__name__}.Cluster"
    assert unreached in repr(fitprint.status())
    assert "Cluster" in fitprint.status()._repr_html_()
    assert [message for message in caplog.messages if "Cluster" in message] == [
        f"training in the workers of {unreached} is recorded only where they call fitprint.autolog() themselves"
    ]


@pytest.mark.process
def test_nothing_is_missed_where_a_recorded_call_sends_its_parts_to_unknown_workers(toylearn, caplog):
    class Meta(toylearn.Base):
        def fit(self, rows, labels=None):
            self.mean_ = in_parallel("cluster", [joblib.delayed(abs)(-1.0)])[0]
            return self

    Meta().fit([1], [2])
    assert [run.metrics["mean"] for run in fitprint.runs()] == [1.0]
    assert fitprint.status().unreached == ()
    assert not [message for message in caplog.messages if "Cluster" in message]


def test_a_task_shows_the_name_of_its_function(toylearn):
    seen = []

    class Looking(Threads):
        def submit(self, func, callback=None):
            seen.extend(function.__name__ for function, _, _ in func.items)
            return super().submit(func, callback)

    joblib.register_parallel_backend("threads of its own", Looking)
    in_parallel("threads of its own", [joblib.delayed(abs)(-1)])
    assert seen == ["abs"]


@pytest.mark.parametrize("backend", ["threads of its own", "threading", "loky"])
@pytest.mark.series
def test_the_traceback_of_a_failed_task_has_no_frame_of_ours(toylearn, backend):
    def told():
        with pytest.raises(ZeroDivisionError) as caught:
            in_parallel(backend, [joblib.delayed(divmod)(1, 0)] * 2)
        return "".join(traceback.format_exception(caught.value))

    recorded = told()
    fitprint.disable()
    assert recorded == told()
