"""`Flavor.enable` and `Flavor.disable`: hooks that are global in the framework, and always both or neither."""

from __future__ import annotations

import os
import sys

import pytest

import fitprint

HOOKED = """

import toylearn.training

class ToyFlavor(ToyFlavor):
    calls = []

    def enable(self):
        self.calls.append("enable")
        {in_enable}
        toylearn.training.after_training.append(self.trained)

    def disable(self):
        self.calls.append("disable")
        toylearn.training.after_training.remove(self.trained)
        {in_disable}

    def trained(self, booster):
        self.calls.append("trained")
"""


@pytest.fixture
def install(toy, store):
    """Gives the toy's flavor both hooks, with another line in each, and imports the framework."""

    def install(in_enable="pass", in_disable="pass"):
        plugin = toy.site / "fitprint_toy.py"
        plugin.write_text(plugin.read_text() + HOOKED.format(in_enable=in_enable, in_disable=in_disable))
        return toy.imported()

    return install


def calls():
    return sys.modules["fitprint_toy"].ToyFlavor.calls


def hooks():
    return sys.modules["toylearn.training"].after_training


def row():
    return next(row for row in fitprint.status() if row.name == "toy")


def test_they_are_called_once_each(install):
    toylearn = install()
    fitprint.autolog("toy")
    fitprint.autolog("toy", tags={"team": "x"})
    toylearn.train({}, [1])
    fitprint.disable()
    fitprint.disable()
    toylearn.train({}, [1])
    assert calls() == ["enable", "trained", "disable"]
    assert hooks() == []


def test_turned_off_and_on_again(install):
    toylearn = install()
    for _ in range(2):
        fitprint.autolog("toy")
        fitprint.toy.autolog(disable=True)
        fitprint.toy.autolog()
        toylearn.train({}, [1])
        fitprint.disable()
    assert calls() == ["enable", "disable", "enable", "trained", "disable"] * 2
    assert hooks() == []


def test_the_methods_are_patched_when_it_is_called(install):
    install("assert toylearn.training.train.__wrapped__")
    fitprint.autolog("toy")
    assert row().reason == ""
    assert len(hooks()) == 1


def test_without_the_framework_neither_is_called(install):
    install()
    for name in [name for name in sys.modules if name.startswith("toylearn")]:
        del sys.modules[name]
    fitprint.autolog("toy")
    fitprint.disable()
    assert "fitprint_toy" not in sys.modules


def test_an_enable_that_fails_costs_nothing_else_and_is_not_undone(install, caplog):
    toylearn = install("raise OSError('no hook')")
    fitprint.autolog("toy")
    assert (row().state, row().reason) == ("on", "its enable() failed: OSError: no hook")
    toylearn.train({}, [1])
    assert len(fitprint.runs()) == 1
    fitprint.disable()
    assert calls() == ["enable"]
    assert "toy: enable() failed: OSError: no hook" in caplog.messages


def test_a_disable_that_fails_keeps_nothing_from_being_restored(install, caplog):
    toylearn = install(in_disable="raise OSError('still there')")
    original = toylearn.train
    fitprint.autolog("toy")
    fitprint.disable()
    assert toylearn.train is original
    assert "toy: disable() failed: OSError: still there" in caplog.messages
    fitprint.disable()
    assert calls() == ["enable", "disable"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing can fork here")
@pytest.mark.process
def test_a_forked_child_has_what_its_parent_registered(toy, store, install, run_python):
    install()
    script = """
        import os, sys, toylearn, fitprint
        fitprint.autolog("toy", quiet=True)
        calls = sys.modules["fitprint_toy"].ToyFlavor.calls
        child = os.fork()
        if child == 0:
            fitprint.autolog("toy", quiet=True)
            toylearn.train({}, [1])
            fitprint.disable()
            print("child", calls, toylearn.training.after_training, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        fitprint.disable()
        print("parent", calls, toylearn.training.after_training)
    """
    assert run_python(script).stdout.splitlines() == [
        "child ['enable', 'trained', 'disable'] []",
        "parent ['enable', 'disable'] []",
    ]
