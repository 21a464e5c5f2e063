"""State that a module keeps for the whole process, and how a forked child and a test reset it.

A module that keeps such state registers beside its globals how they are reset::

    @in_forked_child
    @on_reset
    def _reset() -> None:
        _known.clear()
"""

from __future__ import annotations

import os
from collections.abc import Callable

Reset = Callable[[], None]

_resets: list[Reset] = []
process = object()
"""Stands for this process, and is another object in each forked child: to ask for the number of a process takes longer,
and a loop would pay for it at every step."""


def on_reset(function: Reset) -> Reset:
    """Register, as a decorator, a function that `reset_all` calls."""
    _resets.append(function)
    return function


def in_forked_child(function: Reset) -> Reset:
    """Register, as a decorator, a function that every forked child calls first; do nothing where nothing can fork."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)
    return function


@in_forked_child
def _is_another_process() -> None:
    global process
    process = object()


def reset_all() -> None:
    """Reset this process to one in which fitprint has done nothing yet. For tests.

    The functions are called in the reverse order of their registration: a module is imported after those that it uses,
    and it may still use them while it resets its own state.
    """
    for reset in reversed(_resets):
        reset()
