"""Work in the background: one thread, only while there is something to do, and none across a fork."""

from __future__ import annotations

import os
import threading
import time

import pytest

from fitprint._core import background
from fitprint._core.background import BackgroundThread, call_every, call_no_more

LONG = 60.0  # far above what any step takes


def threads():
    return [thread for thread in threading.enumerate() if isinstance(thread, BackgroundThread)]


def wait_until(condition):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def test_one_thread_calls_all_functions_again_and_again_and_ends_with_the_last():
    calls = {"a": 0, "b": 0}

    def count_a():
        calls["a"] += 1

    def count_b():
        calls["b"] += 1

    call_every(1000.0, count_b)
    call_every(0.01, count_a)
    call_every(0.01, count_a)
    assert len(threads()) == 1
    wait_until(lambda: calls["a"] >= 3)
    call_no_more(count_a)
    assert len(threads()) == 1
    call_no_more(count_b)
    wait_until(lambda: not threads())
    assert calls["b"] == 0


def test_an_error_does_not_end_the_thread(caplog):
    calls = []

    def fails():
        calls.append(1)
        raise ValueError("no")

    call_every(0.01, fails)
    wait_until(lambda: len(calls) >= 3)
    call_no_more(fails)
    assert [record.getMessage() for record in caplog.records] == ["work in the background not recorded: ValueError: no"]


@pytest.mark.process
def test_it_ends_before_a_fork_and_begins_again_with_the_next_registration():
    calls = []

    def note():
        calls.append(os.getpid())

    call_every(0.01, note)
    child = os.fork()
    if child == 0:
        is_clean = not threads() and not background._jobs
        os._exit(0 if is_clean else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert not threads()
    count = len(calls)
    call_every(0.01, note)
    wait_until(lambda: len(calls) > count)
    call_no_more(note)
    wait_until(lambda: not threads())
