"""The ids of runs."""

from __future__ import annotations

import os
import time

from fitprint._core.locks import fork_safe_lock

_last = 0
"""The time in the latest id, in milliseconds with 12 fractional bits."""
_lock = fork_safe_lock()

SHORTEST_ID = 12
"""Digits of a run id that hold its millisecond: shorter beginnings would soon match later runs too."""


def new_run_id() -> str:
    """Make an id of 32 hexadecimal digits that sorts by time.

    It is a UUIDv7 (RFC 9562, section 5.7, method 3: 12 bits of time below the millisecond). The ids that one process
    makes strictly increase. The random bits come from the operating system, so the state of `random` is not touched.

    Returns:
        The id, without hyphens.
    """
    global _last
    with _lock:
        ticks = time.time_ns() * 4096 // 1_000_000
        _last = ticks = max(ticks, _last + 1)
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = (ticks >> 12) << 80 | 0x7 << 76 | (ticks & 0xFFF) << 64 | 0b10 << 62 | tail
    return f"{value:032x}"
