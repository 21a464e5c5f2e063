"""What the user bound before `autolog()`: which of it is recorded, and that `disable()` puts it back, each turn."""

from __future__ import annotations

import json

MODULE = """
from toylearn import train
from toylearn.training import train as alias

def run():
    return train({}, [1])
"""

SCRIPT = """
import functools, json
import fitprint, toylearn, bound_elsewhere
from toylearn import train, train as alias
from toylearn.training import train as direct

model, noting = toylearn.Mean(), toylearn.Shifted()
fit, unbound, noting_fit = model.fit, toylearn.Mean.fit, noting.fit
listed, partial = [train], functools.partial(train, {})
originals = train, alias, direct, bound_elsewhere.train, bound_elsewhere.alias


def enclosing(function):
    return lambda: function({}, [1])


enclosed = enclosing(train)
WAYS = {
    "a name": lambda: train({}, [1]),
    "an alias": lambda: alias({}, [1]),
    "from another module": lambda: direct({}, [1]),
    "in a module of the user's": lambda: bound_elsewhere.run(),
    "an alias there": lambda: bound_elsewhere.alias({}, [1]),
    "a model": lambda: model.fit([1], [2]),
    "a bound method": lambda: fit([1], [2]),
    "a function of a class": lambda: unbound(model, [1], [2]),
    "a bound method that calls its base's": lambda: noting_fit([1], [2]),
    "in a list": lambda: listed[0]({}, [1]),
    "in a closure": lambda: enclosed(),
    "in a partial": lambda: partial([1]),
}


def recorded(way):
    before = len(fitprint.runs())
    way()
    return len(fitprint.runs()) - before


if __name__ == "__main__":
    turns = []
    for _ in range(3):
        fitprint.autolog("toy", quiet=True, strict=True)
        on = {name: recorded(way) for name, way in WAYS.items()}
        fitprint.disable()
        off = sum(recorded(way) for way in WAYS.values())
        now = train, alias, direct, bound_elsewhere.train, bound_elsewhere.alias
        turns.append([on, off, all(one is other for one, other in zip(originals, now))])
    print(json.dumps(turns))
"""

OUT_OF_REACH = {"a bound method", "a function of a class", "in a list", "in a closure", "in a partial"}


def test_names_bound_before_are_recorded_and_restored_and_what_is_out_of_reach_is_left(
    run_python, toy, store, tmp_path
):
    (tmp_path / "bound_elsewhere.py").write_text(MODULE)
    turns = json.loads(run_python(SCRIPT).stdout)
    assert len(turns) == 3
    for on, off, restored in turns:
        assert {name for name, count in on.items() if count == 0} == OUT_OF_REACH
        assert {count for name, count in on.items() if name not in OUT_OF_REACH} == {1}
        assert off == 0
        assert restored
