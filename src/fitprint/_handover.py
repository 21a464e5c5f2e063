"""Sessions travel with work: a task handed to joblib's workers knows in its worker what it was part of.

The open session is captured where the work is handed over and goes with each task as a token. In the worker the token
overrides whatever the worker has: a task of a recorded call is nested, a task of the user's own is outermost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fitprint import _session
from fitprint._configuration import Configuration
from fitprint._guard import guarded
from fitprint._recorder.switch import switch
from fitprint._registry.patches import patch_new_classes
from fitprint._run import active


class Handover:
    """What a task takes along. In the same process the session itself, in another one whether it was open."""

    __slots__ = ("configuration", "nested", "parent_id", "session", "stack")

    def __init__(
        self,
        nested: bool,
        configuration: Configuration | None,
        parent_id: str | None,
        session: _session.Session | None = None,
        stack: tuple[Any, ...] | None = None,
    ) -> None:
        self.nested = nested
        self.configuration = configuration
        self.parent_id = parent_id
        self.session = session
        self.stack = stack

    @classmethod
    def capture(cls) -> Handover:
        """The session and the active runs of this context."""
        session = _session.current()
        configuration = switch.configuration if switch.on else None
        return cls(session is not None, configuration, active.parent_id(), session, active.stack())

    def __reduce__(self) -> Any:
        # a nested task records nothing: its worker need not even turn recording on
        return _unpickled, (self.nested, None if self.nested else self.configuration, self.parent_id)

    def arrive(self) -> Any:
        """In the worker, before the task. Returns what `leave` takes back."""
        if self.stack is not None:
            runs = active.swap_stack(self.stack)
            return _session.enter(self.session), runs
        if self.configuration is not None:
            with guarded("recording in a worker"):
                patch_new_classes()  # classes of the task were unpickled by now, and got their methods late
        active.inherit(self.parent_id)
        return _session.enter(_session.Session() if self.nested else None), None

    def leave(self, arrived: Any) -> None:
        """In the worker, after the task."""
        token, runs = arrived
        _session.leave(token)
        if runs is not None:
            active.swap_stack(runs)


class Task:
    """A function that is called in a worker, with its token."""

    __slots__ = ("function", "handover")

    def __init__(self, handover: Handover, function: Any) -> None:
        self.function = function
        self.handover = handover

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        arrived = self.handover.arrive()
        try:
            return self.function(*args, **kwargs)
        finally:
            self.handover.leave(arrived)

    def __reduce__(self) -> Any:
        return Task, (self.handover, self.function)


def _unpickled(nested: bool, configuration: Configuration | None, parent_id: str | None) -> Handover:
    """In a worker process: turns recording on with the settings of the process that the work came from.

    A task's token is unpickled before its function, so that a bound method finds its class patched.
    """
    if configuration is not None and (not switch.on or switch.configuration != configuration):
        with guarded("recording in a worker"):
            switch.follow(configuration)
    return Handover(nested, configuration, parent_id)


class _Dispatch:
    """Around `joblib.Parallel.__call__`: its tasks take the token along."""

    def __init__(self, tasks: Any, rest: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        handover = Handover.capture()
        # joblib asks a list for its length to show its progress
        listed = isinstance(tasks, (list, tuple))
        handed = [_handed(each, handover) for each in tasks] if listed else _hand_over(tasks, handover)
        self.args, self.kwargs = (handed, *rest), kwargs
        self.result: Any = None

    def __enter__(self) -> None:
        return

    def __exit__(self, *error: Any) -> None:
        return

    def give(self) -> Any:
        return self.result


def around_parallel(function: Any, parallel: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Dispatch | None:
    """For the wrapper of `joblib.Parallel.__call__`.

    Only joblib's own backends: their workers run where fitprint is installed. Nothing to hand over: straight through.
    """
    if not (args and (switch.on or _session.current() is not None)):
        return None
    backend = type(getattr(parallel, "_backend", None))
    if not backend.__module__.startswith("joblib."):
        return None
    return _Dispatch(args[0], args[1:], kwargs)


def _hand_over(tasks: Iterable[Any], handover: Handover) -> Iterator[Any]:
    for each in tasks:
        yield _handed(each, handover)


def _handed(task: Any, handover: Handover) -> Any:
    """joblib's tasks are (function, args, kwargs); anything else is joblib's to complain about."""
    if isinstance(task, tuple) and len(task) == 3 and not isinstance(task[0], Task):
        return Task(handover, task[0]), task[1], task[2]
    return task
