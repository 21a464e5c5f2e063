"""A log of metrics that grows while a framework trains: everything is emitted once, with its step and its time."""

from __future__ import annotations

import pytest

from fitprint._settings.table import Settings
from fitprint.plugin import listeners as _iterations
from fitprint.plugin.flavor import Flavor, TrainingCall
from fitprint.plugin.listeners import GrowingLog


class Emitted(list):
    """Collects what is emitted: (name, step, value)."""

    def __call__(self, name, value, step):
        self.append((name, step, value))

    def series(self, name, values, first_step, times):
        assert len(values) == len(times)
        assert list(times) == sorted(times)
        self.extend((name, first_step + position, value) for position, value in enumerate(values))


class Named(Flavor):
    name = "named"
    patches = save = load = None


def growing(log, **options):
    call = TrainingCall(Named(), len, None, (), {}, settings=Settings(**options))
    emitted = Emitted()
    return GrowingLog(call, emitted, lambda: log), emitted


def test_nothing_is_emitted_before_it_is_due_and_nothing_twice(monkeypatch):
    log = {"a": []}
    found, emitted = growing(log)
    log["a"].append(1.0)
    found.after_iteration()
    assert emitted == []
    monkeypatch.setattr(_iterations, "SECONDS_BEHIND", 0.0)
    found.drain()
    log["a"].append(2.0)
    log["b"] = [5.0]
    found.after_iteration()
    found.drain()
    assert emitted == [("a", 0, 1.0), ("a", 1, 2.0), ("b", 0, 5.0)]
    assert found.iterations == 2


def test_steps_of_a_training_that_goes_on_and_of_metrics_now_and_then():
    found, emitted = growing({"a": [1.0, 2.0]})
    found.first_step = 7
    found.drain()
    assert emitted == [("a", 7, 1.0), ("a", 8, 2.0)]
    found, emitted = growing({"a": [1.0, 2.0, 3.0]})
    found.every, found.last_step = 5, 8
    for _ in range(9):
        found.after_iteration()
    found.drain()
    assert emitted == [("a", 0, 1.0), ("a", 5, 2.0), ("a", 8, 3.0)]


@pytest.mark.parametrize("strict", [True, False])
def test_an_error_does_not_reach_the_training(strict, monkeypatch):
    monkeypatch.setattr(_iterations, "SECONDS_BEHIND", 0.0)
    found, _ = growing(None, strict=strict)
    if strict:
        with pytest.raises(AttributeError):
            found.after_iteration()
    else:
        found.after_iteration()
