"""A thread that does only work of fitprint's own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fitprint._core.signal_handlers import own


class OwnThread(threading.Thread):
    """A thread of fitprint's own. Its class tells it from threads that run user code.

    Args:
        work: What it does.
        name: Its name.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(name=name, daemon=True)
        vars(self)["run"] = work  # so that fitprint does not hand its recording over, as to threads of the user

    def begin(self) -> bool:
        """Start the thread. Returns False if the interpreter is ending, and starts no thread any more."""
        try:
            self.start()
        except own(RuntimeError):
            return False
        return True
