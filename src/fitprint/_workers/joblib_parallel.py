"""joblib: every task of a `Parallel` call takes along what was open where the call was made.

Most batches are built in a callback thread of joblib's, where the context is another: so it is captured at the call.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fitprint._core import call_scope
from fitprint._instrumentation.wrapper import Passthrough, without_this_frame
from fitprint._recorder.state import switch
from fitprint._workers.context_token import LocalTask, RecordingContext, Task

_JOBLIB = "joblib._parallel_backends"
BACKENDS = frozenset({"SequentialBackend", "ThreadingBackend", "MultiprocessingBackend", "LokyBackend"})
"""joblib's own, on this machine: their workers run where fitprint is installed. Of others nobody can say."""


def around_parallel(function: Any, parallel: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passthrough | None:
    """For the wrapper of `joblib.Parallel.__call__`. Nothing to hand over: straight through."""
    if not (args and (switch.on or call_scope.current() is not None)):
        return None
    tasks, context = args[0], RecordingContext.capture()
    make = functools.partial(_kind_for(getattr(parallel, "_backend", None)), context)
    handed = (_Listed if hasattr(tasks, "__len__") else _Handed)(tasks, context, make)
    return Passthrough((handed, *args[1:]), kwargs)


def _kind_for(backend: Any) -> Callable[[RecordingContext, Any], Task]:
    kind = type(backend)
    if any(each.__module__ == _JOBLIB and each.__name__ in BACKENDS for each in kind.__mro__):
        return Task
    return functools.partial(LocalTask, workers=f"joblib's backend {kind.__module__}.{kind.__qualname__}")


class _Handed:
    """The user's tasks, handed over one by one.

    joblib draws most of them in a callback thread of its own, where what is open would be unknown.
    """

    def __init__(self, tasks: Iterable[Any], context: RecordingContext, make: Callable[[Any], Task]) -> None:
        self._given = tasks
        self._tasks: Iterator[Any] | None = None
        self._context = context
        self._make = make
        self._thread = threading.get_ident()

    def __iter__(self) -> Iterator[Any]:
        if self._tasks is None:  # joblib asks for each slice that it takes
            self._tasks = iter(self._given)
        return self

    def __next__(self) -> Any:
        try:
            return _handed(self._draw(), self._make)
        except BaseException as error:
            without_this_frame(error)
            raise

    def _draw(self) -> Any:
        # in the thread of the call nothing is put in place: a run that the generator opens there stays open
        token = None if threading.get_ident() == self._thread else self._context.attach()
        try:
            return next(self._tasks)  # type: ignore[arg-type]
        except BaseException as error:
            without_this_frame(error)
            raise
        finally:
            if token is not None:
                self._context.detach(token)


class _Listed(_Handed):
    """The same of a list, which joblib asks for its length to show its progress."""

    def __len__(self) -> int:
        return len(self._given)  # type: ignore[arg-type]


def _handed(task: Any, make: Callable[[Any], Task]) -> Any:
    """joblib's tasks are (function, args, kwargs); anything else is joblib's to complain about."""
    if isinstance(task, tuple) and len(task) == 3:
        return make(task[0]), task[1], task[2]
    return task
