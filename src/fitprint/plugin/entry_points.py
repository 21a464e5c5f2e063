"""The entry points of a framework: the functions and methods whose calls are recorded, and what such a call means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fitprint._core.publish import publish


class Role(Enum):
    """What a call of an entry point means."""

    TRAINS = "trains"
    """A whole training, which becomes a run. An open loop on the same object ends before it."""
    GROUPS = "groups"
    """A call that has models trained, such as a study and each trial of it: it becomes a run, and what is trained
    inside becomes runs below it. A group inside a group does so too. Of the groups inside a group that have a
    `Flavor.rank`, the best `max_child_runs` stay; the others are removed, with everything below them."""
    STEP = "step"
    """One of the many small calls of a training loop. The first opens a run, and all further ones belong to it."""
    BEGINS = "begins"
    """A loop starts again, for instance because weights are initialised: an open loop on the object ends before it."""
    SAVES = "saves"
    """The user saves the model: when the call has returned, the run of an open loop on the object gets its package, or
    the package that it has is renewed. The loop stays open, and a further step goes on with it."""
    CONVERTS = "converts"
    """A model is made from another one, or saved from elsewhere: the run of its source gets a package."""
    WATCHED = "watched"
    """Not a training call: `Flavor.watched` is called when it has returned, whether or not a recording is open.

    Inside a recorded call of its flavor, or on the object of an open loop, it shares the `emit` and the `cache` of
    that call.
    """
    PREDICTS = "predicts"
    """A model predicts. If it is a recorded one, what it returns is remembered by weak reference, until it is given to
    a call that makes a metric of it (`Role.SCORES`). Calls inside a recorded training call are left alone."""
    SCORES = "scores"
    """A metric is made of predictions. If they are those of a recorded model, or views of them, the metric is added to
    the model's run. Calls inside a recorded training call, or inside another such call, are left alone."""


@dataclass(frozen=True)
class Patch:
    """An entry point of a framework: a function or a method whose calls are recorded."""

    module: str
    """The module that defines it, such as ``xgboost.training``."""
    target: str
    """A function (``train``) or a method (``Booster.fit``) of that module; ``*`` for each of its public functions."""
    subclasses: bool = False
    """Whether every class below that overrides the method is patched too, including classes defined later."""
    inside: bool = False
    """Whether `Flavor.listen` is also given calls that happen inside a recorded call of the same flavor."""
    role: Role = Role.TRAINS
    """What a call of it means."""
    besides: tuple[str, ...] = ()
    """The public functions that are left out where the target is ``*``."""
    gives_way: bool = False
    """Whether a call on an object of another framework is left to the flavor of that framework, as if this one were not
    installed. So it is where that flavor is on and has an entry point in the object's class, or in a base of it: one
    that trains, and that this method calls sooner or later. Inside a recorded call nothing changes: it is one run."""


publish("fitprint.plugin", Role, Patch)
