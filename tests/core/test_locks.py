"""A forked child finds every lock of ours free, whoever held it in the parent."""

from __future__ import annotations

import threading

import pytest

from fitprint._core.locks import fork_safe_lock

HELD = """
import os, threading
import fitprint
from fitprint._core import guard as _guard
from fitprint._core import ids
from fitprint._instrumentation import registry
from fitprint._recorder.state import recorder_state
from fitprint._runs import active
import wrapt.importer

fitprint.autolog()
with fitprint.start_run("parent") as run:
    run.log_metric("m", 1.0)
    locks = [
        registry.lock, _guard._warned_lock, ids._lock, recorder_state._lock, active._claim_lock, run._writer._lock,
        wrapt.importer._post_import_hooks_lock,
    ]
    held, done = threading.Event(), threading.Event()

    def hold():
        for lock in locks:
            lock.acquire()
        held.set()
        done.wait()
        for lock in reversed(locks):
            lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        import wave  # takes wrapt's lock
        fitprint.autolog()
        with fitprint.start_run("child") as own:
            own.log_param("p", 1)
        run.metric_history("m")
        _guard.warn_once(("a", "b"), "told")
        recorder_state.count_run("x")
        os._exit(0)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print([(run.name, run.status) for run in fitprint.runs()])
"""


def test_a_child_forked_while_another_thread_holds_every_lock_goes_on(run_python, store):
    done = run_python(HELD)
    assert done.stdout == "[('child', 'FINISHED'), ('parent', 'FINISHED')]\n"


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock])
def test_it_is_the_lock_it_was_made_as(make):
    lock = fork_safe_lock(make)
    with lock:
        taken = []
        thread = threading.Thread(target=lambda: taken.append(lock.acquire(blocking=False)))
        thread.start()
        thread.join()
        assert taken == [False]
    with pytest.raises(RuntimeError):
        lock.release()
