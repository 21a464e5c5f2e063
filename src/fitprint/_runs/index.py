"""What was trained last, and which run trained an object; without keeping any model alive."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Any

from fitprint._core.guard import attempt
from fitprint._core.process_state import on_reset
from fitprint._runs.run import Run

MOST_IDENTITIES = 1000
_in_context: ContextVar[Run | None] = ContextVar("fitprint_last_run", default=None)
_in_thread = threading.local()
_in_process: list[Run] = []
_by_model: dict[int, tuple[weakref.ref[Any], Run]] = {}


_by_identity: OrderedDict[Hashable, Run] = OrderedDict()
_identify: weakref.WeakKeyDictionary[type, Callable[[Any], Hashable]] = weakref.WeakKeyDictionary()
"""By the class of models that take no weak reference: what tells one of them from others."""


def remember(run: Run, model: Any) -> None:
    """Keeps the run of the latest outermost training call, and of the object it trained."""
    _in_context.set(run)
    _in_thread.run = run
    _in_process[:] = [run]
    know(run, model)


def know(run: Run, model: Any, identity: Callable[[Any], Hashable] | None = None) -> None:
    """Keeps the run of an object. ``identity`` is what tells one that takes no weak reference from others."""
    key = id(model)
    try:
        _by_model[key] = weakref.ref(model, lambda _: _by_model.pop(key, None)), run
    except TypeError:  # without an identity it is not remembered
        if identity is None or model is None:
            return
        found = identity(model)
        if found is not None:
            _identify[type(model)] = identity
            _by_identity[type(model), found] = run
            while len(_by_identity) > MOST_IDENTITIES:
                _by_identity.popitem(last=False)


def forget(run: Run) -> None:
    """A run is removed: nothing was trained by it."""
    if _in_context.get() is run:
        _in_context.set(None)
    if getattr(_in_thread, "run", None) is run:
        _in_thread.run = None
    if run in _in_process:
        _in_process.clear()
    for key, (_, known) in list(_by_model.items()):
        if known is run:
            _by_model.pop(key, None)


@on_reset
def _forget_all() -> None:
    _in_context.set(None)
    _in_thread.__dict__.clear()
    _in_process.clear()
    _by_model.clear()
    _by_identity.clear()


def last_run() -> Run | None:
    """The run of the latest outermost training call of this context, else of this thread, else of this process."""
    return _in_context.get() or getattr(_in_thread, "run", None) or (_in_process[0] if _in_process else None)


def run_of(model: Any) -> Run | None:
    """The run that trained this very object, or None. Of an object that takes no weak reference: one equal to it."""
    found = _by_model.get(id(model))
    if found is not None:
        return found[1] if found[0]() is model else None
    identity = _identify.get(type(model))
    if identity is None:
        return None
    known, key = attempt(identity, model)
    return _by_identity.get((type(model), key)) if known and key is not None else None
