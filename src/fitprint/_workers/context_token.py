"""The token that carries the recording context to a worker, so that a task knows which training call it is part of.

Why a token, and not the state of the worker: docs/adr/0007-context-token.md.
"""

from __future__ import annotations

import operator
import os
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from fitprint._core import call_scope, task_scope
from fitprint._core.guard import guarded
from fitprint._instrumentation.patches import patch_new_classes
from fitprint._instrumentation.wrapper import ours, without_this_frame
from fitprint._recorder.state import recorder_state
from fitprint._runs import active
from fitprint._runs.run import Run, active_runs
from fitprint._runs.side_writer import write_all
from fitprint._runs.waiting import write_waiting
from fitprint._settings.layers import Configuration
from fitprint._workers import pickled_settings
from fitprint._workers.activation import activate
from fitprint._workers.engine_hooks import sends_through_engine

_HANDING_OVER = "handing the recording context to workers"
_TURNING_ON = "turning recording on in a worker"


class RecordingContext:
    """What a task takes along: within its process the session itself, to another one whether a session was open.

    Args:
        nested: Whether a session was open, so that training calls in the task make no runs.
        configuration: The configuration in force, or None while recording is off.
        parent_id: The id of the active run, whose children the runs of the task become.
    """

    __slots__ = ("configuration", "nested", "parent_id", "pid", "session", "stack", "task")

    def __init__(self, nested: bool, configuration: Configuration | None, parent_id: str | None) -> None:
        self.nested = nested
        self.configuration = configuration
        self.parent_id = parent_id
        self.pid: int | None = None
        self.session: call_scope.Session | None = None
        self.stack: tuple[Run, ...] = ()
        self.task: task_scope.CarriedTask | None = None

    @classmethod
    def capture(cls) -> RecordingContext:
        """Capture the session and the active runs of the current context."""
        is_nested = call_scope.current() is not None
        configuration = recorder_state.configuration if recorder_state.on else None
        context = cls(is_nested, configuration, active.parent_id())
        context.pid, context.session, context.stack = os.getpid(), call_scope.innermost(), active_runs.capture()
        context.task = task_scope.current()
        return context

    def __reduce__(self) -> Any:
        # a nested task records nothing: its worker need not even turn recording on
        configuration = None if self.nested else self.configuration
        return _unpickled, (self.nested, configuration and pickled_settings.packed(configuration), self.parent_id)

    def attach(self) -> Any:
        """Make this context the current one: in the worker, before the task.

        Returns:
            The token for `detach`.
        """
        if self.pid == os.getpid():
            return call_scope.enter(self.session), active_runs.swap(self.stack), task_scope.enter(self.task)
        if self.configuration is not None:
            with guarded(_TURNING_ON, lost="failed"):
                patch_new_classes()  # classes of the task have been unpickled, which adds their methods after creation
        active.inherit(self.parent_id)
        session = call_scope.Session() if self.nested else None
        return call_scope.enter(session), active_runs.swap(()), task_scope.enter(None)

    def detach(self, token: Any) -> None:
        """Restore the context that was the current one before: in the worker, after the task.

        Args:
            token: What `attach` returned.
        """
        session_token, runs, task_token = token
        call_scope.leave(session_token)
        active_runs.swap(runs)
        task_scope.leave(task_token)
        if self.pid != os.getpid():
            write_all()  # a pool may kill its workers as soon as it has their results
            write_waiting()


class Task:
    """A function that is called in a worker, within its recording context.

    Args:
        context: The context in which the task was handed over.
        function: The user's function.
    """

    __slots__ = ("context", "function")

    def __init__(self, context: RecordingContext, function: Any) -> None:
        self.function = function
        self.context = context

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        token = self.context.attach()
        try:
            return _as_patched(self.function, args)(*args, **kwargs)
        except BaseException as error:
            without_this_frame(error)
            raise
        finally:
            self.context.detach(token)

    def __reduce__(self) -> Any:
        return Task, (self.context, self.function)  # in this order: see `_unpickled`


class LocalTask(Task):
    """A task for workers that may be anywhere: within this process it has its context, elsewhere it is the function.

    Nobody knows whether fitprint is installed where those workers run, so nothing of it may be in the pickle.

    Args:
        context: The context in which the task was handed over.
        function: The user's function.
        backend: The qualified name of joblib's backend that hands it over.
    """

    __slots__ = ("backend",)

    def __init__(self, context: RecordingContext, function: Any, backend: str) -> None:
        super().__init__(context, function)
        self.backend = backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self.function, name)  # a scheduler shows the name of what it runs

    def __reduce__(self) -> Any:
        if not self.context.nested:
            with guarded(_HANDING_OVER, lost="failed"):
                if not sends_through_engine(self.backend):
                    recorder_state.note_unreached(f"joblib's backend {self.backend}")
        return operator.getitem, ((self.function,), 0)


def _as_patched(function: Any, args: tuple[Any, ...]) -> Any:
    """Return the patched method if `function` was unpickled before its class was patched; otherwise `function`."""
    if type(function) is partial:
        patched = _as_patched(function.func, (*function.args, *args))
        return function if patched is function.func else partial(patched, *function.args, **function.keywords)
    if type(function) is MethodType:
        method = getattr(function.__self__, function.__name__, None)
        return method if _original(getattr(method, "__func__", None)) is function.__func__ else function
    if type(function) is FunctionType and args:
        method = getattr(type(args[0]), function.__name__, None)
        # a function that was pickled by value is another object than the one in the class: their code is compared
        code = getattr(_original(method), "__code__", None)
        return method if code is not None and code == function.__code__ else function
    return function


def _original(value: Any) -> Any:
    """Return what a patch of fitprint wraps, or None where there is no patch."""
    return value.__wrapped__ if ours(value) is not None and hasattr(value, "__wrapped__") else None


def _unpickled(nested: bool, packed: pickled_settings.Packed | None, parent_id: str | None) -> RecordingContext:
    """Turn recording on in a worker process, with the settings of the process that the work comes from.

    The context of a task is unpickled before its function, so that a bound method finds its class patched.
    """
    configuration = pickled_settings.unpacked(*packed) if packed is not None else None
    if configuration is not None and (not recorder_state.on or recorder_state.configuration != configuration):
        with guarded(_TURNING_ON, lost="failed"):
            activate(configuration)
    return RecordingContext(nested, configuration, parent_id)
