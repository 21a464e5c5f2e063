"""Reading a run's metrics while it still trains, without waiting for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fitprint._runs import writer as writing
from fitprint.plugin import listeners as _iterations


@contextmanager
def immediate_flush() -> Iterator[None]:
    """Inside the `with` block every metric is written to the run's file at once, and not up to a second later.

    For tests that read `metrics.jsonl` while the training call runs. A training call that began before the block
    may still wait until the next metric is due.

    Example:
        with immediate_flush():
            model.fit(X, y, callbacks=[reads_the_file])
    """
    before = _iterations.SECONDS_BEHIND, writing.SECONDS_BEHIND
    _iterations.SECONDS_BEHIND = writing.SECONDS_BEHIND = 0.0
    try:
        yield
    finally:
        _iterations.SECONDS_BEHIND, writing.SECONDS_BEHIND = before
