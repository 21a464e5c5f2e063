"""What a forked child must reset: locks that other threads of its parent held, and state that belongs to its parent."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

from fitprint._core.process_state import in_forked_child

_locks: weakref.WeakSet[Any] = weakref.WeakSet()


def fork_safe_lock(make: Callable[[], Any] = threading.Lock) -> Any:
    """Make a lock that is free in a forked child, whoever held it in the parent.

    The thread that held it may not exist in the child, and would never release it there.

    Args:
        make: `threading.Lock`, or `threading.RLock` for a lock that its owner may take again.

    Returns:
        The interpreter's own lock, so that no Ctrl-C can come between taking it and being inside.
    """
    lock = make()
    _locks.add(lock)
    return lock


@in_forked_child
def _release_all() -> None:
    for lock in _locks:
        lock._at_fork_reinit()  # as the standard library does with its own locks
