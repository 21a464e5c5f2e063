"""Sessions travel with work: to joblib's workers, to processes, pools and executors."""

from __future__ import annotations

import pytest

import fitprint

TASKS = 3
BACKENDS = ["loky", "threading", "multiprocessing", "sequential"]


def names():
    return sorted(run.name for run in fitprint.runs())


SCRIPT = """
import os, sys
import joblib, fitprint, toylearn
TASKS = 3
from concurrent.futures import ProcessPoolExecutor
import multiprocessing

def fit(number):
    toylearn.Mean(float(number)).fit([1], [2])
    return os.getpid()

class Search(toylearn.Base):
    # trains in workers, as a search does
    def __init__(self, spread):
        super().__init__()
        self.spread = spread
    def fit(self, rows, labels=None):
        self.pids = self.spread(fit)
        self.mean_ = 0.0
        return self
    def __getstate__(self):
        return {}

def joblib_with(backend):
    def spread(function):
        with joblib.parallel_config(backend=backend):
            return joblib.Parallel(n_jobs=2, batch_size=1)(joblib.delayed(function)(n) for n in range(TASKS))
    return spread

def executor(method):
    def spread(function):
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
            return list(pool.map(function, range(TASKS)))
    return spread

def pool(method):
    def spread(function):
        with multiprocessing.get_context(method).Pool(2) as workers:
            return workers.map(function, range(TASKS))
    return spread

def processes(method):
    def spread(function):
        started = [multiprocessing.get_context(method).Process(target=function, args=(n,)) for n in range(TASKS)]
        for process in started:
            process.start()
        for process in started:
            process.join()
            assert process.exitcode == 0, process.exitcode
        return [process.pid for process in started]
    return spread

SPREADS = {
    **{f"joblib {name}": joblib_with(name) for name in ("loky", "threading", "multiprocessing", "sequential")},
    **{f"executor {name}": executor(name) for name in ("fork", "spawn")},
    **{f"pool {name}": pool(name) for name in ("fork", "spawn")},
    **{f"processes {name}": processes(name) for name in ("fork", "spawn")},
}
"""

SPREADS = [
    *(f"joblib {name}" for name in BACKENDS),
    *(f"{kind} {method}" for kind in ("executor", "pool", "processes") for method in ("fork", "spawn")),
]


def run_spread(run_python, name, text):
    lines = "\n".join(f"    {line}" for line in text.strip().splitlines())
    script = f"{SCRIPT}\nif __name__ == '__main__':\n    spread = SPREADS[{name!r}]\n{lines}\n"
    return run_python(script, env={"FITPRINT_QUIET": "1", "PYTHONWARNINGS": "default"})


@pytest.mark.parametrize("name", SPREADS)
def test_work_of_a_recorded_call_is_part_of_it(run_python, toy, store, name):
    run_spread(
        run_python,
        name,
        """
fitprint.autolog("toy")
model = Search(spread).fit([1], [2])
assert len(model.pids) == TASKS
spread(fit)
        """,
    )
    assert names() == [*["Mean"] * TASKS, "Search"], "and the user's own work afterwards is outermost again"


@pytest.mark.parametrize("name", SPREADS)
def test_the_user_s_own_work_is_recorded_in_the_workers_with_the_settings_of_the_call(run_python, toy, store, name):
    run_spread(
        run_python,
        name,
        """
fitprint.autolog("toy", experiment="given as an argument", tags={"team": "x"})
with fitprint.start_run("mine") as run:
    pids = spread(fit)
print(run.run_id)
        """,
    )
    runs = fitprint.runs()
    parent = next(run for run in runs if run.name == "mine")
    children = [run for run in runs if run.run_id != parent.run_id]
    if name in ("joblib threading", "joblib sequential"):  # in the same process the first of them takes the run
        assert len(children) == TASKS - 1
    else:
        assert sorted(run.params["shift"] for run in children) == [float(n) for n in range(TASKS)]
    for run in children:
        assert (run.name, run.status, run.experiment) == ("Mean", "FINISHED", "given as an argument")
        assert run.tags["team"] == "x"
        assert run.parent_id == parent.run_id


@pytest.mark.parametrize("name", SPREADS)
def test_suppressed_work_is_suppressed_in_the_workers(run_python, toy, store, name):
    run_spread(
        run_python,
        name,
        """
fitprint.autolog("toy")
with fitprint.suppress():
    assert len(spread(fit)) == TASKS
        """,
    )
    assert names() == []


@pytest.mark.parametrize("name", ["joblib loky", "joblib threading", "executor fork", "pool fork", "processes fork"])
def test_with_recording_off_nothing_is_handed_over(run_python, toy, store, name):
    run_spread(
        run_python,
        name,
        """
import threading
before = [joblib.Parallel.__call__, multiprocessing.pool.Pool.apply_async, threading.Thread.start]
fitprint.autolog("toy")
fitprint.disable()
assert before == [joblib.Parallel.__call__, multiprocessing.pool.Pool.apply_async, threading.Thread.start]
assert type(vars(threading.Thread)["start"]).__name__ == "function"
assert len(spread(fit)) == TASKS
        """,
    )
    assert names() == []
    assert not store.exists()


def test_a_bound_method_of_a_class_of_the_script_is_recorded_in_a_worker(run_python, toy, store):
    run_python(
        """
        import joblib, fitprint, toylearn
        class Mine(toylearn.Base):
            def fit(self, rows, labels=None):
                self.mean_ = 1.0
                return self
        fitprint.autolog("toy", quiet=True)
        models = joblib.Parallel(n_jobs=2)(joblib.delayed(Mine(float(n)).fit)([1], [2]) for n in range(4))
        assert [model.mean_ for model in models] == [1.0] * 4
        """
    )
    assert names() == ["Mine"] * 4
