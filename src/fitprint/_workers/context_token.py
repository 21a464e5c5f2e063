"""Sessions travel with work: a task handed to a worker knows there what it was part of.

The open session is captured where the work is handed over and goes with each task as a token. In the worker the token
overrides whatever the worker has: a task of a recorded call is nested, a task of the user's own is outermost.
"""

from __future__ import annotations

import operator
import os
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import guarded
from fitprint._instrumentation.patches import patch_new_classes
from fitprint._instrumentation.wrapper import ours, without_this_frame
from fitprint._recorder.state import switch
from fitprint._runs import active
from fitprint._settings.layers import Configuration
from fitprint._workers import pickled_settings


class RecordingContext:
    """What a task takes along: in its own process the session itself, in another one whether it was open."""

    __slots__ = ("configuration", "nested", "parent_id", "pid", "session", "stack")

    def __init__(self, nested: bool, configuration: Configuration | None, parent_id: str | None) -> None:
        self.nested = nested
        self.configuration = configuration
        self.parent_id = parent_id
        self.pid: int | None = None
        self.session: call_scope.Session | None = None
        self.stack: active.Stack = ()

    @classmethod
    def capture(cls) -> RecordingContext:
        """The session and the active runs of this context."""
        session = call_scope.current()
        configuration = switch.configuration if switch.on else None
        found = cls(session is not None, configuration, active.parent_id())
        found.pid, found.session, found.stack = os.getpid(), session, active.stack()
        return found

    def __reduce__(self) -> Any:
        # a nested task records nothing: its worker need not even turn recording on
        configuration = None if self.nested else self.configuration
        return _unpickled, (self.nested, configuration and pickled_settings.packed(configuration), self.parent_id)

    def attach(self) -> Any:
        """In the worker, before the task. Returns what `leave` takes back."""
        if self.pid == os.getpid():
            return call_scope.enter(self.session), active.swap_stack(self.stack)
        if self.configuration is not None:
            with guarded("recording in a worker"):
                patch_new_classes()  # classes of the task were unpickled by now, and got their methods late
        active.inherit(self.parent_id)
        return call_scope.enter(call_scope.Session() if self.nested else None), active.swap_stack(())

    def detach(self, token: Any) -> None:
        """In the worker, after the task."""
        token, runs = token
        call_scope.leave(token)
        active.swap_stack(runs)


class Task:
    """A function that is called in a worker, with its token."""

    __slots__ = ("context", "function")

    def __init__(self, context: RecordingContext, function: Any) -> None:
        self.function = function
        self.context = context

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        token = self.context.attach()
        try:
            return _patched_by_now(self.function, args)(*args, **kwargs)
        except BaseException as error:
            without_this_frame(error)
            raise
        finally:
            self.context.detach(token)

    def __reduce__(self) -> Any:
        return Task, (self.context, self.function)  # in this order: see `_unpickled`


class LocalTask(Task):
    """A task for workers that may be anywhere: its token is good in this process, elsewhere it is the bare function.

    Whether fitprint is installed there nobody knows, so nothing of it may be in the pickle.
    """

    __slots__ = ("workers",)

    def __init__(self, context: RecordingContext, function: Any, workers: str) -> None:
        super().__init__(context, function)
        self.workers = workers

    def __getattr__(self, name: str) -> Any:
        return getattr(self.function, name)  # a scheduler shows the name of what it runs

    def __reduce__(self) -> Any:
        if not self.context.nested:
            with guarded("handing sessions over to workers"):
                switch.note_unreached(self.workers)
        return operator.getitem, ((self.function,), 0)


def _patched_by_now(function: Any, args: tuple[Any, ...]) -> Any:
    """A method that was unpickled with its class, before that was patched: looked up once more."""
    if type(function) is partial:
        patched = _patched_by_now(function.func, (*function.args, *args))
        return function if patched is function.func else partial(patched, *function.args, **function.keywords)
    if type(function) is MethodType:
        found = getattr(function.__self__, function.__name__, None)
        return found if _beneath(getattr(found, "__func__", None)) is function.__func__ else function
    if type(function) is FunctionType and args:
        found = getattr(type(args[0]), function.__name__, None)
        code = getattr(_beneath(found), "__code__", None)  # by value it is another object than its class's own
        return found if code is not None and code == function.__code__ else function
    return function


def _beneath(found: Any) -> Any:
    """What our patch is around, or None where there is none."""
    return found.__wrapped__ if ours(found) is not None and hasattr(found, "__wrapped__") else None


def _unpickled(nested: bool, packed: pickled_settings.Packed | None, parent_id: str | None) -> RecordingContext:
    """In a worker process: turns recording on with the settings of the process that the work came from.

    A task's token is unpickled before its function, so that a bound method finds its class patched.
    """
    configuration = pickled_settings.unpacked(*packed) if packed is not None else None
    if configuration is not None and (not switch.on or switch.configuration != configuration):
        with guarded("recording in a worker"):
            switch.follow(configuration)
    return RecordingContext(nested, configuration, parent_id)
