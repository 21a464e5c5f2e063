"""Whether a training call is the outermost one: it makes a run, and what it calls in turn makes none.

A session is open from the start of an outermost call to the end of its recording. It counts only while it is open: the
flag stands on the session, not in the context, because a thread started inside a call keeps the context of that moment.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, TypeVar

from fitprint._core.publish import publish

Function = TypeVar("Function", bound=Callable[..., Any])


class Session:
    """One outermost training call, or a stretch of code in which nothing is recorded."""

    __slots__ = ("open", "recording")

    def __init__(self, recording: Any = None) -> None:
        self.open = True
        self.recording = recording


_current: ContextVar[Session | None] = ContextVar("fitprint_session", default=None)


def current() -> Session | None:
    """The open session of this context, or None."""
    session = _current.get()
    return session if session is not None and session.open else None


def is_recording() -> bool:
    """Whether this is a part of a recorded call: a model that is called now is still the user's own."""
    session = current()
    return session is not None and session.recording is not None


def enter(session: Session | None) -> Token[Session | None]:
    """Makes a session this context's own; None means: outermost, whatever the worker was before."""
    return _current.set(session)


def leave(token: Token[Session | None]) -> None:
    """Takes back an `enter`. In another context than that of `enter` there is nothing to take back."""
    try:
        _current.reset(token)
    except ValueError:  # a generator may be finished in another context than it was started in
        return


class Inside:
    """A session that is entered now; `leave` may be called again where an interruption kept it from its end."""

    __slots__ = ("_token", "session")

    def __init__(self) -> None:
        self.session = Session()
        self._token: Token[Session | None] | None = None

    def enter(self) -> None:
        self._token = enter(self.session)

    def leave(self) -> None:
        self.session.open = False
        token, self._token = self._token, None
        if token is not None:
            leave(token)


class suppress:  # noqa: N801  read as a verb: `with fitprint.suppress():`
    """Training calls inside are not recorded. A context manager, and a decorator of plain and async functions."""

    def __init__(self) -> None:
        self._entered: list[Inside] = []

    def __enter__(self) -> None:
        inside = Inside()
        inside.enter()
        self._entered.append(inside)

    def __exit__(self, *error: object) -> None:
        self._entered.pop().leave()

    def __call__(self, function: Function) -> Function:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError("suppress() decorates no generators: what they do between two steps is their caller's")
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def quiet(*args: Any, **kwargs: Any) -> Any:
                with suppress():
                    return await function(*args, **kwargs)
        else:

            @functools.wraps(function)
            def quiet(*args: Any, **kwargs: Any) -> Any:
                with suppress():
                    return function(*args, **kwargs)

        return quiet  # type: ignore[return-value]


def _forget_in_child() -> None:
    _current.set(None)


if hasattr(os, "register_at_fork"):
    # a forked child is no part of its parent's training call, unless a task's token says so
    os.register_at_fork(after_in_child=_forget_in_child)


publish("fitprint", suppress)
