"""A listener that a framework copies, or pickles into another process, emits into the run that is being recorded."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle

import pytest

import fitprint
from fitprint._recorder.steps import Emitter
from fitprint._runs.run import writer_of
from fitprint.plugin import Flavor, Listener, TrainingCall

pytestmark = pytest.mark.process


class Quiet(Flavor):
    name = "quiet"

    def patches(self):
        return []

    def save(self, model, package, context):
        return {}

    def load(self, folder, config):
        return None


class Listening(Listener):
    def after_round(self, number):
        self.emit("loss", 1.0 / number, number)


@pytest.fixture
def run(store):
    with fitprint.start_run("the run") as run:
        yield run


@pytest.fixture
def listening(run):
    flavor = Quiet()
    call = TrainingCall(flavor, print, None, (), {}, "train")
    return Listening(call, Emitter(writer_of(run), flavor.name, flavor.read_values, strict=True))


def train(listening, number):
    listening.after_round(number)


def in_another_process(method, listening, number):
    process = multiprocessing.get_context(method).Process(target=train, args=(listening, number))
    process.start()
    process.join()
    assert process.exitcode == 0


def test_a_copy_emits_into_the_same_run(run, listening):
    copy.deepcopy([listening])[0].after_round(2)
    pickle.loads(pickle.dumps(listening)).after_round(4)
    assert run.metric_history("loss") == [(2, 0.5), (4, 0.25)]


@pytest.mark.parametrize(
    "method", ["spawn", pytest.param("fork", marks=pytest.mark.skipif(os.name != "posix", reason="needs fork"))]
)
def test_another_process_emits_into_the_same_run(run, listening, method):
    listening.after_round(1)
    in_another_process(method, listening, 2)
    listening.after_round(4)
    run.end()
    assert fitprint.get_run(run.run_id).metric_history("loss") == [(1, 1.0), (2, 0.5), (4, 0.25)]


def test_tags_are_in_the_run_at_once(run, listening):
    emit = pickle.loads(pickle.dumps(listening)).emit
    emit.tags({"device": "cuda:0", "precision": "bf16-mixed"})
    found = fitprint.get_run(run.run_id)
    assert (found.status, found.tags["device"], found.tags["precision"]) == ("RUNNING", "cuda:0", "bf16-mixed")


def tell(listening, number):
    listening.emit.tags({"device": f"cuda:{number}"})


def test_tags_of_another_process_are_in_the_run(run, listening):
    process = multiprocessing.get_context("spawn").Process(target=tell, args=(listening, 3))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert fitprint.get_run(run.run_id).tags["device"] == "cuda:3"
