"""Telling the exceptions that a signal handler of the program raises from fitprint's own errors.

A program may set a deadline with a signal whose handler raises (``signal.alarm``, the soft time limits of task queues).
The handler runs wherever the program is at that moment, which may be in fitprint's work. What it raises is then the
program's, as a Ctrl-C is, and must reach it although it looks like an error of ours. Nothing is done before there is an
exception.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import sys
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import Any, TypeVar

E = TypeVar("E", bound=BaseException)
_CO_VARARGS = 0x04
"""The flag of code that takes ``*args``: `inspect.CO_VARARGS`, without the time that importing inspect takes."""
_MOST_LINKS = 50
"""How many exceptions of a chain of causes are looked at."""


def own(*kinds: type[E]) -> tuple[type[E], ...]:
    """Return what an ``except`` catches that must not catch what a signal handler of the program raises.

    Use it as ``except own(OSError) as error:``. The interpreter calls it only when there is an exception.

    Args:
        kinds: The classes of the exceptions.

    Returns:
        The classes; none of them if the exception that is being handled comes from a signal handler.
    """
    error = sys.exc_info()[1]
    return () if error is not None and is_of_program(error) else kinds


class suppress_own(contextlib.suppress):  # noqa: N801  a context manager, read as a verb, like the one it extends
    """``contextlib.suppress`` that lets what a signal handler of the program raises pass."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return bool(super().__exit__(kind, error, trace)) and not (error is not None and is_of_program(error))


def is_of_program(error: BaseException) -> bool:
    """Return whether an exception was raised in a signal handler, which only the program installs.

    Args:
        error: The exception, where it is being handled.
    """
    return _handler_frame(error.__traceback__) is not None


def cause_of_program(error: BaseException, here: FrameType) -> BaseException | None:
    """Return the exception of a signal handler that an exception is, or that other code has made it of.

    Args:
        error: The exception, where it is being handled.
        here: The frame in whose code it was raised. What was raised before that code ran does not count.
    """
    if is_of_program(error):
        return error
    for _ in range(_MOST_LINKS):
        cause = error.__cause__ or error.__context__
        if cause is None:
            return None
        error = cause
        handler = _handler_frame(error.__traceback__)
        if handler is not None:
            return error if _is_below(handler, here) and not _passed(error, here) else None
    return None


def _handler_frame(trace: TracebackType | None) -> FrameType | None:
    """Return the frame of a signal handler in a traceback, or None.

    The first frame is left out: it handles the exception, and may be that of a handler in which a training is recorded.
    """
    installed: set[CodeType] | None = None
    while trace is not None and (trace := trace.tb_next) is not None:
        frame = trace.tb_frame
        if _takes_two(frame.f_code):
            if _was_called_with_caller(frame):
                return frame
            if installed is None:
                installed = _installed_handlers()
            if frame.f_code in installed:
                return frame
    return None


def _takes_two(code: CodeType) -> bool:
    return code.co_argcount >= 2 or bool(code.co_flags & _CO_VARARGS)


def _was_called_with_caller(frame: FrameType) -> bool:
    """Return whether two arguments are a number and the very frame that the call was made in.

    Only the interpreter calls so, when it calls a signal handler.
    """
    code = frame.f_code
    values: list[Any] = [frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount]]
    if code.co_flags & _CO_VARARGS:
        rest = frame.f_locals.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount])
        values += rest if isinstance(rest, tuple) else ()
    caller = frame.f_back
    return caller is not None and any(
        isinstance(number, int) and interrupted is caller for number, interrupted in itertools.pairwise(values)
    )


def _installed_handlers() -> set[CodeType]:
    """Return the code of the handlers that are installed now: one may have rebound its arguments."""
    import signal  # imported only where an error is at hand

    codes: set[CodeType] = set()
    for number in signal.valid_signals():
        handler: Any = signal.getsignal(number)
        while isinstance(handler, functools.partial):
            handler = handler.func
        handler = getattr(handler, "__func__", handler)
        if callable(handler) and not isinstance(handler, FunctionType):
            handler = type(handler).__call__
        code = getattr(handler, "__code__", None)
        if isinstance(code, CodeType):
            codes.add(code)
    return codes


def _passed(error: BaseException, here: FrameType) -> bool:
    """Return whether an exception has passed through a frame, which therefore runs other code now."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame is not here:
        trace = trace.tb_next
    return trace is not None


def _is_below(frame: FrameType | None, here: FrameType) -> bool:
    """Return whether a frame was called, directly or not, from another one."""
    while frame is not None:
        if frame is here:
            return True
        frame = frame.f_back
    return False
