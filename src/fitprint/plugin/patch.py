"""The entry points of a framework, as a flavor names them, and what a call of each means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a call of an entry point is."""

    TRAINS = "trains"
    """A whole training: a run. An open loop on the same object ends before it."""
    STEP = "step"
    """One of the many small calls of a training loop: the first opens a run, and each further one belongs to it."""
    BEGINS = "begins"
    """A loop begins anew, as weights are drawn afresh: an open loop on the object ends before the call."""
    SAVES = "saves"
    """The user's own saving of the model: an open loop on the object ends once it has returned."""
    CONVERTS = "converts"
    """A model is made out of another one, or saved that came from elsewhere: a package in the run of its source."""
    WATCHED = "watched"
    """No training call: `Flavor.watched` is told when it has returned, whether a recording is open or not.

    Inside a recorded call of its flavor, or on the object of an open loop, its `emit` and `kept` are those of that.
    """


@dataclass(frozen=True)
class Patch:
    """An entry point of a framework."""

    module: str
    """The module that defines it, such as ``xgboost.training``."""
    target: str
    """A function (``train``) or a method (``Booster.fit``) of that module."""
    subclasses: bool = False
    """The method in every class below, wherever a class owns one, those made later too."""
    inside: bool = False
    """`listen` is also given this call when it happens inside a recorded call of the same flavor."""
    role: Role = Role.TRAINS
