"""What a plugin gives a framework to call: its errors stay with us, and it can be pickled and copied."""

from __future__ import annotations

import copy
import pickle

import pytest

from fitprint._settings.table import Settings
from fitprint.plugin import Flavor, Listener, TrainingCall, safe_callback
from fitprint.plugin.emit import DiscardingEmit


class SomeFlavor(Flavor):
    name = "some"

    def patches(self):
        return []

    def save(self, model, package, context):
        return {}

    def load(self, folder, config):
        return None


@pytest.fixture
def call():
    return TrainingCall(SomeFlavor(), print, None, (), {}, "train")


def twice(value):
    return value * 2


def test_a_wrapped_function_gives_what_it_gives(call):
    assert call.wrap(twice)(3) == 6
    assert safe_callback(call, twice)(3) == 6


def test_an_error_in_it_is_logged_once_and_does_not_reach_the_caller(call, caplog):
    wrapped = call.wrap(lambda value: 1 / value, "the loss")
    assert wrapped(0) is None
    assert wrapped(0) is None
    assert [record.getMessage() for record in caplog.records] == [
        "some: the loss not recorded: ZeroDivisionError: division by zero"
    ]


def test_an_interruption_in_it_passes(call):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call.wrap(interrupted)()


def test_with_strict_its_error_passes(call):
    call.settings = Settings(strict=True)
    with pytest.raises(ZeroDivisionError):
        call.wrap(lambda: 1 / 0)()


def test_it_pickles_with_a_function_that_can_be_pickled(call):
    factor = 5
    assert pickle.loads(pickle.dumps(call.wrap(twice)))(4) == 8
    assert pickle.loads(pickle.dumps(call.wrap(lambda value: value * factor)))(4) == 20  # by value


def test_it_pickles_and_does_nothing_with_one_that_cannot(call, tmp_path):
    with open(tmp_path / "open.txt", "w") as file:
        travelled = pickle.loads(pickle.dumps(call.wrap(lambda: file.write("x"))))
        assert travelled() is None
    assert (tmp_path / "open.txt").read_text() == ""


def test_a_copy_calls_the_same_function(call):
    seen = []
    wrapped = call.wrap(seen.append)
    copy.copy(wrapped)(1)
    copy.deepcopy([wrapped])[0](2)
    assert seen == [1, 2]


class Callback:
    """A framework's own base class."""

    def after_round(self, number):
        return "of the framework"

    def at_end(self):
        return "the end"


class Listening(Listener, Callback):
    def after_round(self, number):
        self.emit("round", number, number)
        return 10 / number


def test_a_listener_is_the_framework_s_callback(call):
    listening = Listening(call, DiscardingEmit())
    assert isinstance(listening, Callback)
    assert listening.after_round(5) == 2.0
    assert listening.at_end() == "the end"


def test_after_an_error_in_a_listener_the_framework_gets_what_its_own_method_gives(call, caplog):
    assert Listening(call, DiscardingEmit()).after_round(0) == "of the framework"
    assert "ZeroDivisionError" in caplog.text


def test_a_listener_pickles_and_copies(call):
    listening = Listening(call, DiscardingEmit())
    for other in (pickle.loads(pickle.dumps(listening)), copy.deepcopy(listening)):
        assert other.after_round(5) == 2.0
        assert other.after_round(0) == "of the framework"
