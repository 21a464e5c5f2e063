"""Everything at once, for 20 seconds at most: the store holds exactly as many runs as there were outermost calls."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import pytest

import fitprint

SCRIPT = """
import json, multiprocessing, random, sys, threading, time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import fitprint, joblib, toylearn

SEED, ITEMS, SECONDS, LANES = 20, 300, 20, 3
ERRORS = {"FINISHED": None, "FAILED": ValueError, "KILLED": KeyboardInterrupt}


class Ends(toylearn.Base):
    '''Trains other models in its turn, somewhere, and ends as it is told.'''

    def __init__(self, end, place=None):
        super().__init__()
        self.end, self.place = end, place

    def fit(self, rows, labels=None):
        self.mean_ = 0.0
        if self.place is not None:
            PLACES[self.place](["FINISHED", "FAILED", "KILLED"])
        if ERRORS[self.end] is not None:
            raise ERRORS[self.end](self.end)
        return self


def attempt(end, place=None):
    '''One training call; returns how it ended, as a user would see it.'''
    try:
        Ends(end, place).fit([1], [2])
        return "FINISHED"
    except ValueError:
        return "FAILED"
    except KeyboardInterrupt:
        return "KILLED"


def here(ends):
    return [attempt(end) for end in ends]


def in_threads(ends):
    found = []
    threads = [threading.Thread(target=lambda end=end: found.append(attempt(end))) for end in ends]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return found


def in_thread_pool(ends):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(attempt, ends))


def sending(end, answers):
    answers.put(attempt(end))


def in_processes(method):
    def place(ends):
        context = multiprocessing.get_context(method)
        answers = context.SimpleQueue()
        processes = [context.Process(target=sending, args=(end, answers)) for end in ends]
        [process.start() for process in processes]
        found = [answers.get() for _ in processes]
        [process.join() for process in processes]
        return found
    return place


def in_process_pool(method):
    def place(ends):
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
            return list(pool.map(attempt, ends))
    return place


def with_joblib(backend):
    def place(ends):
        return joblib.Parallel(2, backend=backend, batch_size=1)(joblib.delayed(attempt)(end) for end in ends)
    return place


PLACES = {
    "here": here,
    "threads": in_threads,
    "thread pool": in_thread_pool,
    "fork": in_processes("fork"),
    "spawn": in_processes("spawn"),
    "process pool, fork": in_process_pool("fork"),
    "process pool, spawn": in_process_pool("spawn"),
    "loky": with_joblib("loky"),
    "threading": with_joblib("threading"),
    "multiprocessing": with_joblib("multiprocessing"),
}
SLOW = ("spawn", "process pool, spawn")


def plain(ends, place, more):
    return PLACES[place](ends)


def nested(ends, place, more):
    return [attempt(more, place)]


def suppressed(ends, place, more):
    with fitprint.suppress():
        PLACES[place](ends)
        attempt(more, place)
    return []


def block(ends, place, more):
    '''The call made in the block itself takes the block's run, which ends as the block does.'''
    try:
        with fitprint.start_run("block"):
            attempt("FAILED")
            found = PLACES[place](ends)
            if ERRORS[more] is not None:
                raise ERRORS[more]
    except (ValueError, KeyboardInterrupt):
        pass
    return [more, *found]


def work():
    draw = random.Random(SEED)
    for _ in range(ITEMS):
        kind = draw.choice([plain, nested, suppressed, block])
        place = draw.choice([name for name in PLACES if name not in SLOW or draw.random() < 0.2])
        yield kind, draw.choices(list(ERRORS), [3, 1, 1], k=draw.randint(1, 4)), place, draw.choice(list(ERRORS))


def lane(items, until, counted):
    for kind, ends, place, more in items:
        if time.monotonic() > until:
            return
        counted.append((kind.__name__, place, kind(ends, place, more)))


if __name__ == "__main__":
    fitprint.autolog("toy", quiet=True, strict=True)
    items, until, counted = list(work()), time.monotonic() + SECONDS, []
    lanes = [threading.Thread(target=lane, args=(items[n::LANES], until, counted)) for n in range(1, LANES)]
    [lane.start() for lane in lanes]
    lane(items[::LANES], until, counted)  # in the main thread: elsewhere joblib starts no processes
    [lane.join() for lane in lanes]
    ends = Counter(end for _, _, found in counted for end in found)
    seen = sorted({(kind, place) for kind, place, _ in counted})
    print(json.dumps({"ends": ends, "seen": seen, "done": len(counted)}))
"""


@pytest.mark.slow
def test_as_many_runs_as_outermost_calls_whatever_happens_at_once(run_python, toy, store):
    told = json.loads(run_python(SCRIPT).stdout)
    runs = fitprint.runs()
    assert Counter(run.status for run in runs) == told["ends"]
    assert list((store / ".open").iterdir()) == []
    blocks = {run.run_id for run in runs if run.name == "block"}
    assert {run.parent_id for run in runs} == {None, *(run.parent_id for run in runs if run.parent_id in blocks)}
    for run in runs:
        check_whole(run)
    assert {kind for kind, _ in told["seen"]} == {"plain", "nested", "suppressed", "block"}
    assert told["done"] > 30


def check_whole(run):
    """A run that ended well has a package, complete; no run has a half one, or a step of its recording missing."""
    assert run.skipped == []
    assert not list(run.path.glob(".*"))
    if run.status == "FINISHED" and run.name != "block":
        assert run.model_path is not None
    for package in run.models.values():
        sums = json.loads((package / "checksums.json").read_text())
        sums = sums.get("files", sums)
        files = {str(file.relative_to(package)): file for file in package.rglob("*") if file.is_file()}
        assert files.keys() == {*sums, "checksums.json"}
        for name, file in files.items():
            if name != "checksums.json":
                assert hashlib.sha256(file.read_bytes()).hexdigest() in str(sums[name])
