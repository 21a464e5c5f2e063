"""How a process ends: at once, with the exit status it would have had, and with no thread or callback of ours."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys

import pytest

import fitprint

BEGIN = """
import atexit, os, sys, threading
import toylearn
if sys.argv[1] != "plain":
    import fitprint
    fitprint.autolog(quiet=sys.argv[1] == "quiet")

def fit():
    return toylearn.Mean(0.5).fit([1, 2], [2, 3])

print("before")
fit()
"""

ENDS = {
    "the end": ("", 0),
    "sys.exit()": ("sys.exit()", 0),
    "sys.exit(3)": ("sys.exit(3)", 3),
    "a last word": ("sys.exit('a last word')", 1),
    "an error": ("raise ValueError('uncaught')", 1),
    "an interruption": ("raise KeyboardInterrupt", -signal.SIGINT),
    "os._exit": ("sys.stdout.flush(); os._exit(5)", 5),
    "abort": ("sys.stdout.flush(); os.abort()", -signal.SIGABRT),
    "SIGTERM": ("sys.stdout.flush(); os.kill(os.getpid(), 15)", -signal.SIGTERM),
    "SIGKILL": ("sys.stdout.flush(); os.kill(os.getpid(), 9)", -signal.SIGKILL),
    "an exit hook": ("atexit.register(lambda: (fit(), print('hook')))", 0),
    "an exit hook that fails": ("atexit.register(lambda: 1 / 0)", 0),
    "an error in a thread": ("thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()", 0),
}


@pytest.fixture
def ended(toy, store, run_python):
    """Runs a program and gives (exit status, standard output, standard error), our own lines taken out of these."""

    def run(how: str, program: str) -> tuple[int, str, str]:
        done = run_python(BEGIN + program, how, check=False, name="program.py")
        told = [line for line in done.stderr.splitlines() if line.startswith("fitprint: Mean → ")]
        assert bool(told) == (how == "loud")
        rest = [line for line in done.stderr.splitlines() if line not in told]
        return done.returncode, done.stdout, re.sub("0x[0-9a-f]+", "0x", "\n".join(rest))

    return run


@pytest.mark.parametrize("end", ENDS)
def test_a_program_ends_as_it_would(ended, end):
    program, status = ENDS[end]
    plain = ended("plain", program)
    assert plain[0] == status
    assert ended("quiet", program) == plain
    assert ended("loud", program) == plain
    assert {run.status for run in fitprint.runs()} >= {"FINISHED"}


@pytest.mark.parametrize(
    "end", ["raise ValueError('uncaught')", "sys.exit(4)", "os._exit(6)", "raise KeyboardInterrupt"]
)
def test_a_program_ends_as_it_would_inside_a_training(ended, end):
    program = f"""
class Ends(toylearn.Base):
    def fit(self, rows, labels=None):
        sys.stdout.flush()
        {end}

Ends().fit([1])
"""
    plain = ended("plain", program)
    assert plain[0] in (1, 4, 6, -2)
    assert ended("quiet", program) == plain


STATE = """
def state():
    import multiprocessing.util
    return [
        atexit._ncallbacks(),
        sorted(thread.name for thread in threading.enumerate()),
        len(os.listdir("/proc/self/task")),
        sorted(str(key) for key in multiprocessing.util._finalizer_registry),
        len(threading._threading_atexits),
    ]

FRAMEWORK
first = state()
if sys.argv[1] != "plain":
    import fitprint
    fitprint.autolog(quiet=True)
    FITS
    with fitprint.start_run("a block") as run:
        run.log_metric("m", 1)
        FITS
    assert len(fitprint.runs()) > 2
    fitprint.disable()
else:
    FITS
import json
print(json.dumps([first, state()]))
"""

TOY = ("import toylearn", "toylearn.Mean().fit([1], [2]); toylearn.train({}, [1])")
REAL = (
    "import numpy, pandas, concurrent.futures, sklearn.linear_model\n"
    "X, y = numpy.arange(20.0).reshape(10, 2), numpy.arange(10) % 2",
    "sklearn.linear_model.LogisticRegression().fit(X, y); sklearn.linear_model.Ridge().fit(X, y)",
)


@pytest.mark.parametrize(("framework", "fits"), [TOY, REAL], ids=["toy", "real"])
def test_no_thread_of_ours_and_one_exit_callback(toy, store, run_python, framework, fits):
    program = "import atexit, logging, os, sys, threading, wrapt\n" + STATE.replace("FRAMEWORK", framework).replace(
        "FITS", fits
    )
    (_, plain), (_, recorded) = (json.loads(run_python(program, how).stdout) for how in ("plain", "recorded"))
    plain[0] += 1  # for the run of `start_run`, which would end with the program if it were left open
    assert recorded == plain


OPENS_A_PIPE = """
import os, sys, threading
import fitprint, toylearn
fitprint.autolog(quiet=True)
with fitprint.start_run() as run:
    toylearn.Mean().fit([1], [2])
    run.log_metric("m", 1)
    print(run.run_id, flush=True)
    sys.exit(7)
"""


@pytest.mark.process
def test_nothing_is_waited_for_where_a_run_is_still_open(toy, store):
    """A run that nobody ended: it ends with the program, as MLflow's do."""
    program = OPENS_A_PIPE.replace("with fitprint.start_run() as run:", "run = fitprint.start_run()\nif True:")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (7, "")
    found = fitprint.get_run(done.stdout.strip())
    assert (found.status, found.metrics) == ("FINISHED", {"mean": 2.0, "m": 1.0})


@pytest.mark.process
def test_a_run_that_nobody_ended_has_failed_if_an_exception_has_ended_the_program(toy, store):
    program = "import fitprint\nprint(fitprint.start_run().run_id, flush=True)\nfitprint.log_param('a', 1)\n1 / 0"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    found = fitprint.get_run(done.stdout.strip())
    assert (found.status, found.params) == ("FAILED", {"a": 1})


@pytest.mark.process
def test_a_block_that_the_end_of_the_program_leaves_is_ended(toy, store):
    done = subprocess.run([sys.executable, "-c", OPENS_A_PIPE], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (7, "")
    assert fitprint.get_run(done.stdout.strip()).status == "FAILED", "left by SystemExit(7)"
