"""State that a module keeps for the whole process: how a forked child and a test make it new again.

A module that keeps such state says beside its globals how they are forgotten::

    @in_forked_child
    @on_reset
    def _forget() -> None:
        _known.clear()
"""

from __future__ import annotations

import os
from collections.abc import Callable

Reset = Callable[[], None]

_resets: list[Reset] = []


def on_reset(function: Reset) -> Reset:
    """Registers, as a decorator, what `reset_all` calls."""
    _resets.append(function)
    return function


def in_forked_child(function: Reset) -> Reset:
    """Registers, as a decorator, what a forked child calls first of all; where nothing forks, it changes nothing."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)
    return function


def reset_all() -> None:
    """Makes this process one in which fitprint has done nothing yet. For tests.

    What was registered last is called first: a module is imported after those that it uses, and it may still use
    them while it forgets its own state.
    """
    for reset in reversed(_resets):
        reset()
