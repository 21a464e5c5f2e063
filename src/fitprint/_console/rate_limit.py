"""How many lines are told: ten a minute, and how many runs there were beyond them."""

from __future__ import annotations

import time
from collections import deque

from fitprint._core.locks import fork_safe_lock
from fitprint._state import in_forked_child, on_reset

MOST, SECONDS = 10, 60.0


class Pace:
    """Admits so many lines in so many seconds, and counts the others."""

    def __init__(self, most: int = MOST, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque([float("-inf")] * most, maxlen=most)
        self._held = 0
        self._lock = fork_safe_lock()
        in_forked_child(on_reset(self.forget))

    def held_before(self) -> int | None:
        """How many were held back since the last line, where one may be told now; else None, and one more is held."""
        now = time.monotonic()
        with self._lock:
            if now - self._times[0] < self._seconds:
                self._held += 1
                return None
            self._times.append(now)
        return self.rest()

    def rest(self) -> int:
        """How many were held back, each told of once."""
        with self._lock:
            held, self._held = self._held, 0
        return held

    def forget(self) -> None:
        """Begins anew: in a forked child, whose parent tells of its own, and in tests."""
        self._times.extend([float("-inf")] * len(self._times))
        self._held = 0
