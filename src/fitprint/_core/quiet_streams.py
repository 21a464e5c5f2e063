"""Dropping what a framework prints while fitprint saves a model or predicts with it, and nothing else.

`contextlib.redirect_stdout` would drop what other threads print at that moment. Here a filter takes the place of
`sys.stdout` and `sys.stderr`: it drops what is written in this context alone, and passes on everything else. What is
written to the file descriptors, or by threads that the framework starts, is not dropped.

The filter is not put in place for all of fitprint's work, but by the flavors whose framework prints: while it is there,
`sys.stdout` is another object, which matters to cloudpickle, for example, when a model refers to it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from fitprint._core.isolation import is_side_effect_free
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._core.publish import publish

_STREAMS = ("stdout", "stderr")
_silent: ContextVar[bool] = ContextVar("fitprint_silent", default=False)
_lock = threading.RLock()
_inside: set[object] = set()
"""One object for each `quietly` that is entered, in any thread."""


class _Filter:
    """Takes the place of a stream: drops what is written in a silent context, and passes on the rest."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> Any:
        return len(text) if _silent.get() else self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        if not _silent.get():
            self._stream.writelines(lines)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def quietly() -> Iterator[None]:
    """Drop what the framework prints inside, in this context alone, while fitprint records.

    For a flavor whose framework prints when fitprint saves a model or predicts with it, such as a progress bar. What
    other threads print comes through. Nothing is dropped in calls that a user makes: of ``log_model``, ``save_model``
    or the ``predict`` of a loaded model. Keep the block small: while it runs, ``sys.stdout`` and ``sys.stderr`` are
    other objects, which pass on what they are not to drop.

    Returns:
        A context manager.

    Example::

        def save(self, model, package, context):
            with quietly():
                model.save_pretrained(package.path("model"))
            return {"data": "model"}
    """
    if not is_side_effect_free():
        yield
        return
    before, entered = _silent.get(), object()
    try:  # wherever an interruption comes, the streams are put back
        _silent.set(True)
        _enter(entered)
        yield
    finally:
        _silent.set(before)
        _leave(entered)


def _enter(entered: object) -> None:
    with _lock:
        _inside.add(entered)
        for name in _STREAMS:
            stream = getattr(sys, name, None)
            if stream is not None and not isinstance(stream, _Filter):
                setattr(sys, name, _Filter(stream))


def _leave(entered: object) -> None:
    with _lock:
        _inside.discard(entered)
        if not _inside:
            _put_back()


def _put_back() -> None:
    """Make the streams the objects that they were. A stream that somebody else has put in place stays."""
    for name in _STREAMS:
        stream = getattr(sys, name, None)
        if isinstance(stream, _Filter):  # one of now, or one that another thread has put back too late
            setattr(sys, name, stream._stream)


@in_forked_child
@on_reset
def _reset() -> None:
    """Start anew: the threads that were inside do not exist in a forked child, nor does the lock's owner."""
    global _lock
    _lock = threading.RLock()
    _inside.clear()
    _put_back()


publish("fitprint.plugin", quietly)
