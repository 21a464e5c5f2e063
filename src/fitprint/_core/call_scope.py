"""Whether a training call is the outermost one: it makes a run, and what it calls in turn makes none.

A session is open from the start of an outermost call to the end of its recording. It counts only while it is open. The
flag is on the session, not in the context, because a thread that is started inside a call keeps the context of that
moment.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, TypeVar

from fitprint._core import task_scope
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._core.publish import publish

Function = TypeVar("Function", bound=Callable[..., Any])


class Session:
    """One outermost training call, or a stretch of code in which nothing is recorded.

    Attributes:
        open: Whether the call is still running.
        recording: What records the call; None where it is not recorded.
        run: The run that the call is recorded on, from the moment when it exists; None where nothing is recorded.
        outer_run: The run that was active when the call began; None where there was none.
    """

    __slots__ = ("__weakref__", "open", "outer_run", "recording", "run")
    is_group = False
    """Whether the training calls inside make runs of their own, below the run of this call."""

    def __init__(self) -> None:
        self.open = True
        self.recording: Any = None
        self.run: Any = None
        self.outer_run: Any = None

    def close(self) -> None:
        """End the session: the call has ended, and whoever still has this session finds nothing recorded in it."""
        self.open = False
        self.recording = self.run = self.outer_run = None


class GroupSession(Session):
    """The inside of a recorded call that groups the training calls inside."""

    __slots__ = ()
    is_group = True


_current: ContextVar[Session | None] = ContextVar("fitprint_session", default=None)
of_context = _current.get
"""Returns the session of this context, open or not, or None: a step of a loop asks this without a call of ours."""
_of_nested_tasks = Session()
"""The session of the tasks that a recorded call of another process has sent to an engine."""


def current() -> Session | None:
    """Return the open session of this context, or None: then a training call is an outermost one, or one of a group."""
    session = _current.get()  # and not `innermost`, because a prediction or a step of a loop pays for each call of ours
    if session is None and task_scope.finder is not None:
        session = _session_of_task()
    return session if session is not None and session.open and not session.is_group else None


def innermost() -> Session | None:
    """Return the open session of this context, which may be that of a group, or None."""
    session = _current.get()
    if session is None and task_scope.finder is not None:
        session = _session_of_task()
    return session if session is not None and session.open else None


def _session_of_task() -> Session | None:
    """Return the session of the call that has sent the task of an engine to this thread, or None."""
    task = task_scope.current()
    if task is None or not task.nested:
        return None
    session: Session = task.session or _of_nested_tasks
    return session


def is_recording() -> bool:
    """Return True inside a recorded call: the model that is being called is still the user's own."""
    session = current()
    return session is not None and session.recording is not None


def recorded_run() -> Any:
    """Return the run that the training call of this context is recorded on, or None outside of a recorded call."""
    session = current()
    return session.run if session is not None else None


enter: Callable[[Session | None], Token[Session | None]] = _current.set
"""Makes a session the one of this context, or None to make the next training call an outermost one.

It returns the token for `leave`.
"""


def leave(token: Token[Session | None]) -> None:
    """Undo an `enter`. In another context than that of the `enter` there is nothing to undo.

    Args:
        token: What `enter` returned.
    """
    try:
        _current.reset(token)
    except ValueError:  # a generator may be finished in another context than the one it was started in
        return


class SessionScope:
    """Open a new session, from `enter` to `leave`.

    `leave` may be called again after an interruption kept the first call from finishing.
    """

    __slots__ = ("_token", "session")

    def __init__(self, session: Session | None = None) -> None:
        self.session = session or Session()
        self._token: Token[Session | None] | None = None

    def enter(self) -> None:
        """Open the session and make it the one of this context."""
        self._token = enter(self.session)

    def leave(self) -> None:
        """Close the session and restore the one before it."""
        self.session.close()
        token, self._token = self._token, None
        if token is not None:
            leave(token)


class suppress:  # noqa: N801  read as a verb: `with fitprint.suppress():`
    """Record no training call inside. A context manager, and a decorator for functions and coroutine functions.

    Example::

        with fitprint.suppress():
            model.fit(X, y)  # makes no run
    """

    def __init__(self) -> None:
        self._scopes: list[SessionScope] = []

    def __enter__(self) -> None:
        scope = SessionScope()
        scope.enter()
        self._scopes.append(scope)

    def __exit__(self, *error: object) -> None:
        self._scopes.pop().leave()

    def __call__(self, function: Function) -> Function:
        """Decorate a function, so that no training call inside it is recorded.

        Args:
            function: A function or a coroutine function.

        Returns:
            The decorated function.

        Raises:
            TypeError: For a generator function.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                "suppress() cannot decorate a generator function, because its caller's code runs between two of its "
                "steps; use `with suppress():` inside the generator"
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def suppressed(*args: Any, **kwargs: Any) -> Any:
                with suppress():
                    return await function(*args, **kwargs)
        else:

            @functools.wraps(function)
            def suppressed(*args: Any, **kwargs: Any) -> Any:
                with suppress():
                    return function(*args, **kwargs)

        return suppressed  # type: ignore[return-value]


@in_forked_child
@on_reset
def _leave() -> None:
    """A forked child is not part of its parent's training call, unless the token of a task says so."""
    _current.set(None)


publish("fitprint", suppress)
