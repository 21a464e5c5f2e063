"""The user's own parallel training: every fit is recorded in its worker, in the same store, below the run around it."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

import fitprint

START = """
import asyncio, functools, json, sys, threading
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import fitprint, joblib, toylearn

COUNT = 5


class Mine(toylearn.Base):
    def fit(self, rows, labels=None):
        self.mean_ = 0.0
        return self


def train(number, kind):
    Mine(kind + "/" + str(number)).fit([1])
    return number


class Trainer:
    def __init__(self, kind):
        self.kind = kind

    def train(self, number):
        return train(number, self.kind)
"""

FINISH = """
if __name__ == "__main__":
    fitprint.autolog("toy", quiet=True, strict=True)
    for name, kind in KINDS.items():
        kind(name)
    with fitprint.start_run("block") as block:
        for name, kind in KINDS.items():
            kind(name + " in a block")
    print(json.dumps(list(KINDS)))
"""

THREADS = """
def starting(make):
    def run(kind):
        threads = [make(kind, number) for number in range(COUNT)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    return run

class Runs(threading.Thread):
    def __init__(self, kind, number):
        super().__init__()
        self.arguments = number, kind
    def run(self):
        train(*self.arguments)

def executor(kind):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(functools.partial(train, kind=kind), range(320)))

def pool(kind):
    with ThreadPool(2) as pool:
        pool.starmap(train, [(number, kind) for number in range(COUNT)])

def in_tasks(start):
    def run(kind):
        async def all_of_them():
            await asyncio.gather(*(start(asyncio.get_running_loop(), number, kind) for number in range(COUNT)))
        asyncio.run(all_of_them())
    return run

async def directly(loop, number, kind):
    await asyncio.sleep(0)
    train(number, kind)

def backend(name):
    def run(kind):
        with joblib.parallel_config(backend=name):
            joblib.Parallel(2)(joblib.delayed(train)(number, kind) for number in range(COUNT))
    return run

KINDS = {
    "Thread": starting(lambda kind, number: threading.Thread(target=train, args=(number, kind))),
    "Thread subclass": starting(Runs),
    "Timer": starting(lambda kind, number: threading.Timer(0, train, (number, kind))),
    "executor": executor,
    "ThreadPool": pool,
    "to_thread": in_tasks(lambda loop, number, kind: asyncio.to_thread(train, number, kind)),
    "run_in_executor": in_tasks(lambda loop, number, kind: loop.run_in_executor(None, train, number, kind)),
    "tasks": in_tasks(directly),
    "joblib threading": backend("threading"),
}
"""

PROCESSES = """
context = multiprocessing.get_context(sys.argv[1])

def starting(make):
    def run(kind):
        processes = [make(kind, number) for number in range(COUNT)]
        [process.start() for process in processes]
        [process.join() for process in processes]
        assert [process.exitcode for process in processes] == [0] * COUNT
    return run

class Runs(context.Process):
    def __init__(self, kind, number):
        super().__init__()
        self.arguments = number, kind
    def run(self):
        train(*self.arguments)

def pool(send):
    def run(kind):
        with context.Pool(2) as pool:
            assert sorted(send(pool, kind)) == list(range(COUNT))
    return run

def initialized(kind):
    with context.Pool(2, train, (-1, kind)) as pool:
        pool.map(functools.partial(train, kind=kind), range(COUNT))
        pool.close()
        pool.join()

def retired(kind):
    with context.Pool(2, maxtasksperchild=1) as pool:
        pool.map(functools.partial(train, kind=kind), range(COUNT), chunksize=1)

def executor(send):
    def run(kind):
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            assert sorted(send(pool, kind)) == list(range(COUNT))
    return run

def in_tasks(kind):
    async def all_of_them():
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(loop.run_in_executor(pool, train, number, kind) for number in range(COUNT)))
    asyncio.run(all_of_them())

KINDS = {
    "Process": starting(lambda kind, number: context.Process(target=train, args=(number, kind))),
    "Process subclass": starting(Runs),
    "Pool.map": pool(lambda pool, kind: pool.map(functools.partial(train, kind=kind), range(COUNT))),
    "Pool.map of a method": pool(lambda pool, kind: pool.map(Trainer(kind).train, range(COUNT))),
    "Pool.starmap": pool(lambda pool, kind: pool.starmap(train, [(number, kind) for number in range(COUNT)])),
    "Pool.imap": pool(lambda pool, kind: list(pool.imap(Trainer(kind).train, range(COUNT)))),
    "Pool.imap_unordered": pool(lambda pool, kind: list(pool.imap_unordered(Trainer(kind).train, range(COUNT), 2))),
    "Pool.apply": pool(lambda pool, kind: [pool.apply(train, (number, kind)) for number in range(COUNT)]),
    "Pool.apply_async": pool(lambda pool, kind: [pool.apply_async(train, (n, kind)).get() for n in range(COUNT)]),
    "Pool.map_async": pool(lambda pool, kind: pool.map_async(Trainer(kind).train, range(COUNT)).get()),
    "Pool with initializer": initialized,
    "Pool of workers that retire": retired,
    "executor.map": executor(lambda pool, kind: list(pool.map(Trainer(kind).train, range(COUNT), chunksize=2))),
    "executor.submit": executor(lambda pool, kind: [pool.submit(train, n, kind).result() for n in range(COUNT)]),
    "run_in_executor": in_tasks,
}
"""

LOKY = """
from joblib.externals.loky import get_reusable_executor

def reusable(kind):
    with get_reusable_executor(max_workers=2) as executor:  # joblib cannot use one that it did not make
        assert list(executor.map(Trainer(kind).train, range(COUNT))) == list(range(COUNT))

def lambdas(kind):
    with get_reusable_executor(max_workers=2) as executor:
        futures = [executor.submit(lambda n: train(n, kind), number) for number in range(COUNT)]
        assert [future.result() for future in futures] == list(range(COUNT))

def with_joblib(kind):
    class Local(Mine):
        pass

    def locally(number):
        Local(kind + "/" + str(number)).fit([1])
        return number

    assert joblib.Parallel(2)(joblib.delayed(locally)(n) for n in range(COUNT)) == list(range(COUNT))
    get_reusable_executor().shutdown()

def forked_by_joblib(kind):
    joblib.Parallel(2, backend="multiprocessing")(joblib.delayed(train)(n, kind) for n in range(COUNT))

KINDS = {
    "executor.map": reusable,
    "executor.submit of a lambda": lambdas,
    "joblib, class made in a function": with_joblib,
    "joblib's multiprocessing": forked_by_joblib,
}
"""

COUNTS = defaultdict(lambda: range(5), {"executor": range(320), "Pool with initializer": (-1, -1, *range(5))})


def check(kinds, taken):
    """Every fit of every kind has left its run, those in the block below it."""
    runs = fitprint.runs()
    (block,) = (run for run in runs if run.name == "block")
    found = defaultdict(list)
    for run in runs:
        if "shift" in run.params:
            kind, _, number = run.params["shift"].rpartition("/")
            found[kind].append(int(number))
            in_the_block = kind.endswith(" in a block")
            assert run is block or run.parent_id == (block.run_id if in_the_block else None), (kind, number)
            assert run.status == "FINISHED"
            assert run.model_path is not None
            assert not run.skipped
    expected = {name + block: sorted(COUNTS[name]) for name in kinds for block in ("", " in a block")}
    assert {kind: sorted(numbers) for kind, numbers in found.items()} == expected
    assert ("shift" in block.params) == taken
    assert not list((block.path.parent / ".open").iterdir())


def run(run_python, kinds, *arguments):
    return json.loads(run_python(START + kinds + FINISH, *arguments).stdout)


def test_every_fit_in_threads_and_tasks_is_recorded(run_python, toy, store):
    check(run(run_python, THREADS), taken=True)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.slow
def test_every_fit_in_processes_is_recorded(run_python, toy, store, method):
    check(run(run_python, PROCESSES, method), taken=False)


def test_every_fit_in_loky_s_workers_is_recorded(run_python, toy, store):
    check(run(run_python, LOKY), taken=False)
