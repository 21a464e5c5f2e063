"""Locks have `_at_fork_reinit`, which makes a held lock free.

If this falls: a forked child waits for ever for a lock that a thread of its parent held (`fork_safe_lock`).
"""

from __future__ import annotations

import threading

import pytest


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock])
def test_a_held_lock_is_free_again(make):
    lock = make()
    holder = threading.Thread(target=lock.acquire)
    holder.start()
    holder.join()
    assert not lock.acquire(blocking=False)
    lock._at_fork_reinit()
    assert lock.acquire(blocking=False)
