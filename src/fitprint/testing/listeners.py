"""Checks: what `listen` puts into the user's call can be pickled and copied wherever the user's own arguments can.

Frameworks that train in several processes pickle the arguments of the training call, and others deep-copy them. What
holds for the arguments that the user gave has to hold for those that the framework gets.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from fitprint._core.guard import attempt, describe
from fitprint.testing.bench import Bench
from fitprint.testing.case import Case

_WAYS: Mapping[str, Callable[[Any], Any]] = {
    "pickled": lambda value: pickle.loads(pickle.dumps(value)),
    "deep-copied": copy.deepcopy,
}


class ListenerChecks:
    """Callbacks of the plugin travel with the call."""

    def test_what_listens_pickles_and_copies(self, bench: Bench, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
        """An argument that can be pickled or deep-copied without recording can with it."""
        flavor, wrong = bench.flavor, list[str]()
        original = flavor.listen

        def listen(call: Any, emit: Any) -> Any:
            before = _by_place(call.args, call.kwargs)
            ended = original(call, emit)
            for place, after in _by_place(call.args, call.kwargs).items():
                wrong.extend(f"{place} {reason}" for reason in _refused(before.get(place), after))
            return ended

        monkeypatch.setattr(flavor, "listen", listen)
        bench.on()
        bench.train(case)
        assert not wrong, (
            f"what listen() puts into the call of {case.name} cannot be copied and pickled with it: "
            f"{'; '.join(wrong)}. A framework that trains in other processes pickles it, and the user's training would "
            "fail there: put in place what call.wrap() returns, or an object of a "
            "class below fitprint.plugin.Listener, and keep out of its state what cannot be pickled"
        )


def _by_place(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {f"argument {at}": value for at, value in enumerate(args)} | dict(kwargs)


def _refused(before: Any, after: Any) -> Iterator[str]:
    """Yield why the new value of an argument cannot be pickled or copied, where the old one could."""
    if after is before:
        return
    for way, make in _WAYS.items():
        possible, _ = attempt(make, before)
        copied, error = attempt(make, after)
        if possible and not copied:
            yield f"cannot be {way} ({describe(error)})"
