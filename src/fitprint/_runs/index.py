"""Which run was recorded last, and which run trained an object, without keeping any model alive."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import attempt
from fitprint._core.process_state import on_reset
from fitprint._runs.run import Run

MOST_IDENTITIES = 1000
_in_context: ContextVar[Run | None] = ContextVar("fitprint_last_run", default=None)
latest_of_context = _in_context.get
"""Returns the run that was recorded last in this context, or None."""
_in_thread = threading.local()
latest_of_process: list[Run | None] = [None]
"""The run that was recorded last in this process, in whichever thread, or None."""
_by_model: dict[int, tuple[weakref.ref[Any], Run]] = {}
_by_identity: OrderedDict[Hashable, Run] = OrderedDict()
_by_id: weakref.WeakValueDictionary[str, Run] = weakref.WeakValueDictionary()
"""The runs of registered models that are still in use."""
_identity_functions: weakref.WeakKeyDictionary[type, Callable[[Any], Hashable]] = weakref.WeakKeyDictionary()
"""For classes whose objects take no weak reference: the function that tells one object from another."""


def set_last_run(run: Run, model: Any) -> None:
    """Register the run of the latest outermost training call, and of the model that it trained."""
    set_latest(run)
    register_model(run, model)


def set_latest(run: Run) -> None:
    """Make a run the one that `last_run` returns, in this context, in this thread and in this process."""
    if _in_context.get() is not run:  # it seldom changes
        _in_context.set(run)
    if getattr(_in_thread, "run", None) is not run:
        _in_thread.run = run
    latest_of_process[0] = run


def register_model(run: Run, model: Any, identity: Callable[[Any], Hashable] | None = None) -> None:
    """Register the run that trained a model.

    Args:
        run: The run.
        model: The model, of which only a weak reference is kept.
        identity: For a model that takes no weak reference: returns what tells it from other models, or None. Without
            it such a model is not registered.
    """
    key = id(model)
    _by_id[run.run_id] = run
    try:
        _by_model[key] = weakref.ref(model, lambda _: _by_model.pop(key, None)), run
    except TypeError:
        if identity is None or model is None:
            return
        model_identity = identity(model)
        if model_identity is not None:
            _identity_functions[type(model)] = identity
            _by_identity[type(model), model_identity] = run
            while len(_by_identity) > MOST_IDENTITIES:
                _by_identity.popitem(last=False)


def register_loaded(model: Any, run_id: str | None) -> None:
    """Register a model that was loaded from a package of one of this process's own runs, if that is still in use."""
    run = _by_id.get(run_id) if isinstance(run_id, str) else None
    if run is not None:
        register_model(run, model)


def drop_run(run: Run) -> None:
    """Remove a run that is discarded, with the models that it trained."""
    if _in_context.get() is run:
        _in_context.set(None)
    if getattr(_in_thread, "run", None) is run:
        _in_thread.run = None
    if latest_of_process[0] is run:
        latest_of_process[0] = None
    for key, (_, registered) in list(_by_model.items()):
        if registered is run:
            _by_model.pop(key, None)
    for identity, registered in list(_by_identity.items()):
        if registered is run:
            _by_identity.pop(identity, None)


@on_reset
def _forget_all() -> None:
    _in_context.set(None)
    _in_thread.__dict__.clear()
    latest_of_process[0] = None
    _by_model.clear()
    _by_identity.clear()
    _by_id.clear()


def last_run() -> Run | None:
    """Return the run of the latest training call.

    Returns:
        Inside a recorded training call its own run. Otherwise the run of the latest outermost training call of this
        context, else of this thread, else of this process. None if there was none.
    """
    run: Run | None = call_scope.recorded_run()
    return run or _in_context.get() or getattr(_in_thread, "run", None) or latest_of_process[0]


def run_of(model: Any) -> Run | None:
    """Return the run that trained a model.

    Args:
        model: The model: the very object that was trained, not a copy, or one that was loaded in this process from the
            package of a run that is still in use here. For the classes of models that Python cannot refer to weakly,
            also an equal object.

    Returns:
        The run, which is still open while the model is being trained. None if this process has recorded none.
    """
    session = call_scope.innermost()
    if session is not None and session.recording is not None and session.recording.trains(model):
        run: Run = session.run
        return run
    return trained_by(model)


def trained_by(model: Any) -> Run | None:
    """Return what `run_of` returns outside of the training of the model: at every prediction, so it must be quick."""
    registered = _by_model.get(id(model))
    if registered is not None:
        reference, registered_run = registered
        return registered_run if reference() is model else None
    identity = _identity_functions.get(type(model)) if _by_identity else None
    if identity is None:
        return None
    succeeded, model_identity = attempt(identity, model)
    return _by_identity.get((type(model), model_identity)) if succeeded else None
