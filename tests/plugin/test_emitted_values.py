"""Values that are not plain numbers yet, such as tensors on a device, are read later and together."""

from __future__ import annotations

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
    emitter._read_at = 0.0
    emitter("loss", Tensor(0.5), 0)
    assert emitter.flavor.reads == [1]


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
