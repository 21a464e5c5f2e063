"""Values that are not plain numbers yet, such as tensors on a device, are read later and together."""

from __future__ import annotations

import contextlib
import threading
import time

import numpy as np
import pytest

import fitprint
from fitprint._recorder import steps
from fitprint._recorder.steps import Emitter
from fitprint._runs.run import writer_of
from fitprint.plugin import Flavor


class Tensor:
    """A value that has to be read in one go with others."""

    def __init__(self, value):
        self.value = value


class TensorFlavor(Flavor):
    name = "tensors"

    def __init__(self):
        self.reads = []

    def patches(self):
        return []

    def save(self, model, package, context):
        return {}

    def load(self, folder, config):
        return None

    def read_values(self, values):
        self.reads.append(len(values))
        return [value.value for value in values]


@pytest.fixture
def emitter(store):
    flavor = TensorFlavor()
    with fitprint.start_run("the run") as run:
        emitter = Emitter(writer_of(run), flavor.name, flavor.read_values, strict=False)
        emitter.flavor, emitter.run = flavor, run
        yield emitter


def test_values_are_read_together_at_the_end(emitter):
    for step in range(5):
        emitter("loss", Tensor(float(step)), step)
    assert emitter.flavor.reads == []
    emitter.read_all()
    assert emitter.flavor.reads == [5]
    assert emitter.run.metric_history("loss") == [(step, float(step)) for step in range(5)]


def test_at_most_so_many_wait(emitter, monkeypatch):
    monkeypatch.setattr(steps, "MAX_UNREAD", 10)
    for step in range(25):
        emitter("loss", Tensor(0.5), step)
    assert emitter.flavor.reads == [10, 10]


def test_they_wait_a_second_at_most(emitter, monkeypatch):
    monkeypatch.setattr(steps, "SECONDS_UNREAD", 0.0)
    emitter("loss", Tensor(0.5), 0)
    emitter("loss", Tensor(0.5), 1)
    assert emitter.flavor.reads == [2]


def test_slow_ones_are_read_one_by_one(emitter, monkeypatch):
    for step in range(steps.ADDED_AT_ONCE):
        emitter("loss", Tensor(0.5), step)
    monkeypatch.setattr(steps, "SECONDS_UNREAD", 0.0)
    emitter._read_at = 0.0
    emitter("loss", Tensor(0.5), 11)
    emitter._read_at = 0.0
    emitter("loss", Tensor(0.5), 12)
    assert emitter.flavor.reads == [steps.ADDED_AT_ONCE + 1, 1]


def test_floats_that_come_fast_are_added_together(emitter):
    written = emitter.run.path / "metrics.jsonl"
    for step in range(1000):
        emitter("loss", float(step), step)
    assert len(written.read_text().splitlines()) < 100
    assert emitter.run.metric_history("loss") == [(step, float(step)) for step in range(1000)]


def test_floats_before_a_pause_are_written_by_a_thread(emitter):
    for step in range(100):
        emitter("loss", float(step), step)
        time.sleep(0.001)
    deadline = time.monotonic() + 10
    written = emitter.run.path / "metrics.jsonl"
    while "99.0" not in written.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "99.0" in written.read_text()


def test_other_numbers_come_after_the_floats_before_them(emitter):
    for step in range(100):
        emitter("loss", 0.5, step)
    emitter("loss", 1, 100)
    emitter.read_all()
    assert emitter.run.metrics == {"loss": 1.0}
    assert [step for step, _ in emitter.run.metric_history("loss")] == list(range(101))


def test_a_thread_leaves_what_may_be_on_a_device(emitter):
    emitter("device", Tensor(0.5), 0)
    emitter("loss", 1.5, 0)
    emitter.read_floats()
    assert emitter.flavor.reads == []
    assert emitter.run.metrics == {"loss": 1.5}
    emitter.read_all()
    assert emitter.run.metrics == {"loss": 1.5, "device": 0.5}


def test_floats_that_rest_are_written_while_the_run_gets_other_values(emitter):
    for step in range(100):
        emitter("loss", float(step), step)
    other = Emitter(writer_of(emitter.run), emitter.flavor.name, emitter.flavor.read_values, strict=False)
    written, deadline = emitter.run.path / "metrics.jsonl", time.monotonic() + 10
    while "99.0" not in written.read_text() and time.monotonic() < deadline:
        other("other", 1, 0)
        time.sleep(0.05)
    assert "99.0" in written.read_text()


def test_values_stay_in_order_however_they_are_recorded(emitter):
    for step in range(100):
        emitter("loss", (float, int, np.float64)[step % 3](step), step)
    emitter.series("loss", [100.0, 101.0], 100, [time.time()] * 2)
    emitter("loss", 102.0, 102)
    fitprint.log_metric("loss", 103.0, step=103)
    assert emitter.run.metrics == {"loss": 103.0}
    assert emitter.run.metric_history("loss") == [(step, float(step)) for step in range(104)]


def test_a_thread_does_not_wait_for_another_one_that_reads_a_device(emitter):
    begun, may_end = threading.Event(), threading.Event()

    def read(values):
        begun.set()
        may_end.wait(10)
        return [value.value for value in values]

    emitter._read_values = read
    emitter("device", Tensor(0.5), 0)
    reader = threading.Thread(target=emitter.read_all)
    reader.start()
    begun.wait(10)
    emitter("loss", 1.5, 0)
    emitter.read_floats(wait=False)
    assert writer_of(emitter.run).record.metrics == {}  # which does not wait for them, as `run.metrics` does
    may_end.set()
    reader.join()
    assert emitter.run.metrics == {"device": 0.5, "loss": 1.5}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_floats_are_recorded_if_reading_the_others_ends_early(emitter, error):
    def read(values):
        raise error

    emitter._read_values = read
    emitter("device", Tensor(0.5), 0)
    for step in range(50):
        emitter("loss", float(step), step)
    with contextlib.suppress(KeyboardInterrupt):
        emitter.read_all()
    assert emitter.run.metrics == {"loss": 49.0}
    assert len(emitter.run.metric_history("loss")) == 50


def test_too_few_numbers_are_an_error(emitter):
    emitter._read_values = lambda values: [0.5]
    emitter("loss", Tensor(0.5), 0)
    emitter("loss", Tensor(0.5), 1)
    emitter.read_all()
    assert "1 numbers for 2 values" in emitter.run.skipped[0].reason


def test_numbers_are_recorded_at_once(emitter):
    emitter("loss", 1, 0)
    emitter("loss", 0.5, 1)
    assert emitter.flavor.reads == []
    assert emitter.run.metric_history("loss") == [(0, 1.0), (1, 0.5)]


def test_an_error_in_reading_them_costs_them_alone(emitter):
    emitter("loss", object(), 0)
    emitter.read_all()
    emitter("other", 1.0, 0)
    assert emitter.run.metrics == {"other": 1.0}
    assert [(skip.what, skip.rule) for skip in emitter.run.skipped] == [("per-iteration metrics", "error")]


def test_a_number_that_is_no_float_never_raises(emitter):
    emitter("loss", 10**400, 0)
    emitter("other", 1.0, 0)
    assert emitter.run.metrics == {"other": 1.0}
    assert [(skip.what, skip.rule) for skip in emitter.run.skipped] == [("per-iteration metrics", "error")]
