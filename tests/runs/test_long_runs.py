"""Runs that are open for more than some seconds: values before a pause, the line that tells where to look."""

from __future__ import annotations

import logging
import os
import threading
import time

import pytest

import fitprint
from fitprint._core.background import BackgroundThread
from fitprint._runs import adder

LONG = 60.0  # far above what any step takes


@pytest.fixture
def long(monkeypatch):
    """Each run is a long one from its first value on."""
    monkeypatch.setattr(adder, "LONG", 0.0)
    monkeypatch.setattr(adder, "WATCHED", 0.1)


@pytest.fixture
def slow(monkeypatch):
    """What comes within a second of something else is buffered, as it is in the midst of a training."""
    monkeypatch.setattr(adder, "FLUSH_INTERVAL", 0.2)


def threads():
    return [thread for thread in threading.enumerate() if isinstance(thread, BackgroundThread)]


def wait_until(condition):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def log(run, step):
    run.log_metric("loss", float(step), step=step)
    run._writer._slow_until = float("-inf")  # the time after the first value is over


def written(run):
    return fitprint.get_run(run.run_id).metric_history("loss") and (run.path / "metrics.jsonl").read_text()


def test_values_before_a_pause_are_written_in_it(store, long, slow):
    with fitprint.start_run() as run:
        for step in range(3):
            log(run, step)
        assert '"step": 2' not in written(run)
        wait_until(lambda: len(fitprint.get_run(run.run_id).metric_history("loss")) == 3)
        assert len(threads()) == 1
    wait_until(lambda: not threads())
    assert run.metric_history("loss") == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_of_many_values_at_the_beginning_few_are_written_at_once_and_the_others_in_the_pause_after_them(store):
    with fitprint.start_run() as run:
        writer = run._writer
        for step in range(100):
            writer.add_metric("loss", float(step), step, 0.0)
            writer.flush_if_due()
        assert adder.MOST_AT_ONCE <= len(fitprint.get_run(run.run_id).metric_history("loss")) < 100
        wait_until(lambda: len(fitprint.get_run(run.run_id).metric_history("loss")) == 100)
    wait_until(lambda: not threads())


def test_a_run_of_a_second_has_a_thread_and_no_line_yet(store, monkeypatch, slow):
    told = []
    monkeypatch.setattr(adder, "WATCHED", 0.1)
    with fitprint.start_run() as run:
        run._writer.when_long = lambda: told.append(1)
        time.sleep(0.2)
        log(run, 0)
        assert (len(threads()), told) == (1, [])
        run._writer._begun -= adder.LONG
        run._writer._long_from -= adder.LONG
        log(run, 1)
        log(run, 2)
        assert told == [1]


def test_a_short_run_has_no_thread(store, monkeypatch):
    monkeypatch.setattr(adder, "WATCHED", 100.0)
    monkeypatch.setattr(adder, "LONG", 100.0)
    with fitprint.start_run() as run:
        for step in range(3):
            log(run, step)
        assert not threads()


def test_values_that_wait_because_writing_took_too_long_are_written_in_a_pause(store, long, slow, monkeypatch):
    monkeypatch.setattr("fitprint._runs.writer.SHARE", 0.0)
    with fitprint.start_run() as run:
        run._writer._allowance = -1.0  # as after many changes of a large record
        log(run, 0)
        wait_until((run.path / "metrics.jsonl").exists)


@pytest.mark.process
def test_values_before_a_fork_are_written_and_the_next_ones_later(store, long, slow):
    with fitprint.start_run() as run:
        for step in range(2):
            log(run, step)
        time.sleep(0.3)
        child = os.fork()
        if child == 0:
            os._exit(len(threads()))
        assert os.waitpid(child, 0)[1] == 0
        assert not threads()
        assert len(fitprint.get_run(run.run_id).metric_history("loss")) == 2
        for step in range(2, 4):
            log(run, step)
        assert len(threads()) == 1
        wait_until(lambda: len(fitprint.get_run(run.run_id).metric_history("loss")) == 4)


def fit(toy, values=3):
    class Slow(toy.imported().Mean):
        def fit(self, X, y):
            for step in range(values):
                fitprint.log_metric("loss", 0.5, step=step)
            return super().fit(X, y)

    return Slow().fit([[1.0]], [1.0])


def test_one_line_says_where_to_look_at_a_long_training(toy, store, long, caplog):
    fitprint.autolog()
    with caplog.at_level(logging.INFO):
        fit(toy)
    run = fitprint.last_run()
    first, last = caplog.messages
    assert first.startswith(f"Slow is training → fitprint show {run.run_id[:12]} --follow --store ")
    assert last.startswith("Slow → ")


def test_short_trainings_quiet_ones_and_blocks_have_no_such_line(toy, store, caplog, monkeypatch):
    with caplog.at_level(logging.INFO):
        fitprint.autolog()
        fit(toy)
        monkeypatch.setattr(adder, "LONG", 0.0)
        with fitprint.start_run() as run:
            run.log_metric("loss", 1.0)
        fitprint.autolog(quiet=True)
        fit(toy)
    assert not [message for message in caplog.messages if "is training" in message]
