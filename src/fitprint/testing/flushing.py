"""Reading a run's metrics while it still trains, without waiting for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fitprint._runs import adder
from fitprint.plugin import listeners


@contextmanager
def immediate_flush() -> Iterator[None]:
    """Return a context manager in whose block every metric is written at once, and not up to a second later.

    For tests that read `metrics.jsonl` while the training call runs. A training call that began before the block
    may still wait until the next metric is due.

    Example:
        with immediate_flush():
            model.fit(X, y, callbacks=[reads_the_file])
    """
    before = listeners.SECONDS_BETWEEN_EMITS, adder.FLUSH_INTERVAL
    listeners.SECONDS_BETWEEN_EMITS = adder.FLUSH_INTERVAL = 0.0
    try:
        yield
    finally:
        listeners.SECONDS_BETWEEN_EMITS, adder.FLUSH_INTERVAL = before
