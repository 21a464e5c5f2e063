"""A running thread keeps the function that it runs in `_target`.

If this falls: threads that libraries keep for themselves count as the user's, and the global random states are no
longer put back after fitprint has predicted with a model.
"""

from __future__ import annotations

import threading


def test_a_running_thread_has_its_target():
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    target = thread._target
    done.set()
    thread.join()
    assert target == done.wait
