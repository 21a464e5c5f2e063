"""Locks that a forked child finds free, whoever held them in its parent."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

from fitprint._state import in_forked_child

_all: weakref.WeakSet[Any] = weakref.WeakSet()


def fork_safe_lock(make: Callable[[], Any] = threading.Lock) -> Any:
    """A lock, or with ``make=threading.RLock`` one that its owner may take again.

    In a child the thread that held it may not exist, and would never release it: there it is free. It is the
    interpreter's own lock, so that no Ctrl-C can come between taking it and being inside.
    """
    lock = make()
    _all.add(lock)
    return lock


@in_forked_child
def _free_in_child() -> None:
    for lock in _all:
        lock._at_fork_reinit()  # as the standard library does with its own
