"""How a program ends and what it prints: byte for byte what it prints without recording."""

from __future__ import annotations

import sys

import pytest

BEFORE = """\
import toylearn

class Failing(toylearn.Base):
    def fit(self, rows, labels=None):
        raise rows

class Calling(toylearn.Base):
    def fit(self, rows, labels=None):
        rows()
        self.mean_ = 0.0
        return self

"""


def assert_unseen(text):
    """Nothing in a program's output comes from fitprint; the folder with the libraries may have any name."""
    assert "fitprint" not in text.replace(sys.prefix, "")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("ValueError('bad')", 1),
        ("KeyboardInterrupt()", -2),
        ("SystemExit(3)", 3),
        ("SystemExit('a last word')", 1),
        ("GeneratorExit()", 1),
        ("MemoryError()", 1),
    ],
)
def test_a_program_that_its_training_ends(same_output, error, status):
    done = same_output(BEFORE + f"Failing().fit({error})\n")
    assert done.returncode == status


def test_a_program_that_ends_well_prints_nothing_of_ours(same_output):
    done = same_output("import toylearn\ntoylearn.Mean().fit([1], [2])\n")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_an_error_in_an_error(same_output):
    done = same_output(
        BEFORE
        + """
class Again(Failing):
    def fit(self, rows, labels=None):
        try:
            return super().fit(rows)
        except ValueError as error:
            error.add_note("a note") if hasattr(error, "add_note") else None
            raise RuntimeError("outer") from error

try:
    {}["user's"]
except KeyError:
    Again().fit(ValueError("inner"))
"""
    )
    assert "direct cause" in done.stderr
    assert "During handling" in done.stderr
    assert_unseen(done.stderr)


def test_an_error_in_a_thread_that_a_training_started(same_output):
    done = same_output(
        BEFORE
        + """
import threading

def work():
    raise ValueError("in a thread")

def start():
    thread = threading.Thread(target=work, name="worker")
    thread.start()
    thread.join()

Calling().fit(start)
"""
    )
    assert "in a thread" in done.stderr
    assert_unseen(done.stderr)


def test_a_training_that_fails_in_a_thread(same_output):
    done = same_output(
        BEFORE
        + """
import threading
thread = threading.Thread(target=Failing().fit, args=(ValueError("in a thread"),), name="worker")
thread.start()
thread.join()
"""
    )
    assert "in fit" in done.stderr


POOLS = {
    "threads": "concurrent.futures.ThreadPoolExecutor(1)",
    "processes": "concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context('fork'))",
    "spawned": "concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context('spawn'))",
}


@pytest.mark.parametrize("pool", POOLS)
def test_an_error_in_an_executor(same_output, pool):
    done = same_output(
        BEFORE
        + f"""
import concurrent.futures, multiprocessing, time

def fail():
    Failing().fit(ValueError("in a worker"))

if __name__ == "__main__":
    with {POOLS[pool]} as pool:
        future = pool.submit(fail)
        while not future.done():  # else the traceback may have one line or another of concurrent.futures
            time.sleep(0.01)
        future.result()
"""
    )
    assert "in a worker" in done.stderr
    assert_unseen(done.stderr)


@pytest.mark.parametrize("call", ["map(fail, [1])", "apply(fail, (1,))", "imap(fail, [1]).next()"])
def test_an_error_in_a_pool_of_processes(same_output, call):
    done = same_output(
        BEFORE
        + f"""
import multiprocessing

def fail(number):
    Failing().fit(ValueError("in a worker"))

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.{call}
"""
    )
    assert "in a worker" in done.stderr
    assert_unseen(done.stderr)


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky", "multiprocessing"])
def test_an_error_in_joblib_s_workers(same_output, backend):
    done = same_output(
        BEFORE
        + f"""
import re, sys, traceback, joblib

def fail():
    Failing().fit(ValueError("in a worker"))

try:
    joblib.Parallel(2, backend="{backend}")([joblib.delayed(fail)()])
except ValueError as error:
    text = "".join(traceback.format_exception(error))
    print(re.sub(r"0x[0-9a-f]+", "0x", text))
    text = None
"""
    )
    assert "in a worker" in done.stdout
    assert_unseen(done.stdout)


def test_an_error_in_a_process_of_the_program_s_own(same_output):
    done = same_output(
        BEFORE
        + """
import multiprocessing
process = multiprocessing.get_context("fork").Process(target=Failing().fit, args=(ValueError("in a child"),))
process.start()
process.join()
print(process.exitcode)
"""
    )
    assert "in a child" in done.stderr
    assert done.stdout == "1\n"
