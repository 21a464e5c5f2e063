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
    """A call that calls trainings, such as a study and each trial of it. It becomes a run, and each training or group
    inside it becomes a run below it. Of the groups inside a group that have a `Flavor.rank`, the best `max_child_runs`
    stay; the others are removed, with everything below them."""
    STEP = "step"
    """One of the many small calls of a training loop. The first opens a run, and all further ones belong to it."""
    BEGINS = "begins"
    """A loop starts again, for example because weights are initialised. An open loop on the object ends before it."""
    SAVES = "saves"
    """The user saves the model. When the call has returned, the run of an open loop on the object gets its package, or
    its package is renewed. The loop stays open for further steps."""
    CONVERTS = "converts"
    """A model is made from another one, or a model from elsewhere is saved. The run of the source gets a package."""
    WATCHED = "watched"
    """Not a training call: `Flavor.watched` is called when it has returned, whether or not a recording is open.

    Inside a recorded call of its flavor, or on the object of an open loop, it shares the `emit` and the `cache` of
    that call.
    """
    PREDICTS = "predicts"
    """A model predicts. If the model is recorded, its predictions are remembered by weak references, to recognise them
    when a metric of them is computed (`Role.SCORES`). Calls inside a recorded training call are ignored."""
    SCORES = "scores"
    """A metric of predictions is computed. If they are predictions of a recorded model, or views of these, the metric
    is added to the model's run. Calls inside a recorded training call, or inside another such call, are ignored."""


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
    """Whether `Flavor.listen` is also called for calls that happen inside a recorded call of the same flavor."""
    role: Role = Role.TRAINS
    """What a call of it means."""
    besides: tuple[str, ...] = ()
    """The public functions that are left out where the target is ``*``."""
    gives_way: bool = False
    """Whether a call on an object of another framework is left to the flavor of that framework.

    This is for methods that call an entry point of the other framework to train. It applies if the other flavor is on
    and has an entry point that trains in the object's class or in a base of it. It changes nothing for a call inside a
    recorded call, which is part of that one.
    """


publish("fitprint.plugin", Role, Patch)
