"""What a thread has done last: the loop of its latest step, what it has computed since, and what it iterates over."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from torch import Tensor


class State:
    """What is known of one thread. It is one object, because each look into what belongs to a thread takes time."""

    __slots__ = ("computed", "count", "function", "iterations", "loop", "loss", "scaled", "target", "trained")

    def __init__(self) -> None:
        self.trained: Any = None
        """What the latest step has trained, as the observer knows it."""
        self.loop: Any = None
        """The loop that the latest step belongs to, if it is recorded."""
        self.loss: Any = None
        """The sum of what `backward` was called on since that step; None if it was not called."""
        self.function: str | None = None
        """The function that this loss is from, if that is known."""
        self.count = 0
        """How many calls of `backward` it is from."""
        self.computed: tuple[int, str] | None = None
        """The number of the node that computed the latest loss in the graph of gradients, and its function."""
        self.target: weakref.ref[Any] | None = None
        """The target of the latest loss of a function with gradients."""
        self.scaled: tuple[weakref.ref[Tensor], Any] | None = None
        """The latest loss that a scaler has multiplied, and its value before."""
        self.iterations: list[Any] = []
        """The iterations over data loaders that have not ended, the latest one last."""


class Thread(threading.local):
    """Gives each thread a state of its own."""

    def __init__(self) -> None:
        self.state = State()
