"""Every form of a `joblib.Parallel` call: nested in a training call, the user's own, and beside threads that train."""

from __future__ import annotations

import json

import pytest

import fitprint

BACKENDS = ["loky", "threading", "multiprocessing", "threads of its own"]

SCRIPT = """
import json, sys, threading
from concurrent.futures import ThreadPoolExecutor

import fitprint, joblib, toylearn
from joblib import Parallel, delayed, parallel_config
from joblib.parallel import AutoBatchingMixin, ParallelBackendBase

TASKS = 6
BACKEND = sys.argv[1]


class ThreadsOfItsOwn(AutoBatchingMixin, ParallelBackendBase):
    supports_retrieve_callback = supports_return_generator = uses_threads = supports_sharedmem = True

    def effective_n_jobs(self, n_jobs):
        return 2

    def configure(self, n_jobs=1, parallel=None, **options):
        self.parallel = parallel
        self.pool = ThreadPoolExecutor(2)
        return 2

    def submit(self, func, callback=None):
        future = self.pool.submit(func)
        future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, out):
        return out.result()

    def terminate(self):
        self.pool.shutdown()


def fit(number):
    toylearn.Mean(float(number)).fit([1], [2])
    return number


def several(numbers):
    return Parallel(2, batch_size=1)(delayed(fit)(number) for number in numbers)


def drawn(trained):
    for number in range(TASKS):
        toylearn.Shifted(float(number)).fit([1], [2])  # joblib may draw it in a thread of its own
        yield delayed(trained)(number)


def reused():
    with Parallel(2) as parallel:
        return [result for half in (range(3), range(3, TASKS)) for result in parallel(delayed(fit)(n) for n in half)]


def of_methods():
    models = Parallel(2)(delayed(toylearn.Mean(float(n)).fit)([1], [2]) for n in range(TASKS))
    return [int(model.shift) for model in models]


FORMS = {
    "list": lambda: Parallel(2)([delayed(fit)(n) for n in range(TASKS)]),
    "lazy": lambda: Parallel(2, batch_size=1, pre_dispatch=1)(delayed(fit)(n) for n in range(TASKS)),
    "training while it is drawn": lambda: Parallel(2, batch_size=1, pre_dispatch=2)(drawn(abs)),
    "training while drawn and in tasks": lambda: Parallel(2, batch_size=1, pre_dispatch=2)(drawn(fit)),
    "generator": lambda: list(Parallel(2, return_as="generator")(delayed(fit)(n) for n in range(TASKS))),
    "in any order": lambda: sorted(
        Parallel(2, return_as="generator_unordered", batch_size=1)(delayed(fit)(n) for n in range(TASKS))
    ),
    "Parallel in Parallel": lambda: sum(Parallel(2)(delayed(several)(part) for part in ([0, 1, 2], [3, 4, 5])), []),
    "reused": reused,
    "methods": of_methods,
}


def limited():
    with parallel_config(backend=BACKEND, inner_max_num_threads=1):
        return Parallel(2)(delayed(fit)(n) for n in range(TASKS))


if not joblib.parallel.BACKENDS.get(BACKEND, ThreadsOfItsOwn).supports_return_generator:
    del FORMS["generator"], FORMS["in any order"]
if BACKEND == "loky":
    FORMS["fewer threads inside"] = limited


class Search(toylearn.Base):
    def __init__(self, form):
        super().__init__()
        self.form = form

    def fit(self, rows, labels=None):
        assert FORMS[self.form]() == list(range(TASKS)), self.form
        self.mean_ = 0.0
        return self


def beside_threads(work):
    over, started = threading.Event(), threading.Barrier(3)
    counts = []

    def mine():
        started.wait()
        count = 0
        while not over.is_set() and count < 20:
            Other().fit([1], [2])
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=mine) for _ in range(2)]
    [thread.start() for thread in threads]
    started.wait()
    work()
    over.set()
    [thread.join() for thread in threads]
    return sum(counts)


class Other(toylearn.Base):
    pass


def measured(work):
    before = {run.run_id for run in fitprint.runs()}
    others = work()
    names = [run.name for run in fitprint.runs() if run.run_id not in before]
    assert names.count("Other") == (others if isinstance(others, int) else 0), (names, others)
    return sorted(name for name in names if name != "Other")


if __name__ == "__main__":
    joblib.register_parallel_backend("threads of its own", ThreadsOfItsOwn)
    joblib.register_parallel_backend(BACKEND, joblib.parallel.BACKENDS[BACKEND], make_default=True)
    fitprint.autolog("toy", quiet=True, strict=True)
    found = {}
    for name, form in FORMS.items():
        found[name] = {
            "own": measured(form),
            "nested": measured(lambda: Search(name).fit([1], [2])),
            "own, beside threads": measured(lambda: beside_threads(form)),
            "nested, beside threads": measured(lambda: beside_threads(lambda: Search(name).fit([1], [2]))),
        }
    print(json.dumps(found))
"""

TASKS = 6


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_run_for_the_outermost_call_and_one_for_each_of_the_user_s_own(run_python, toy, store, backend):
    results = json.loads(run_python(SCRIPT, backend).stdout)
    own = dict.fromkeys(results, ["Mean"] * TASKS)
    own["training while it is drawn"] = ["Shifted"] * TASKS
    own["training while drawn and in tasks"] = ["Mean"] * TASKS + ["Shifted"] * TASKS
    for way in ("", ", beside threads"):
        assert {name: found["own" + way] for name, found in results.items()} == own
        assert {name: found["nested" + way] for name, found in results.items()} == {
            name: ["Search"] for name in results
        }
    assert len(results) >= 7
    assert {run.status for run in fitprint.runs()} == {"FINISHED"}
