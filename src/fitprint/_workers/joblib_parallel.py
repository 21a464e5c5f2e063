"""joblib: every task of a `Parallel` call takes along the recording context of that call.

joblib builds most batches in one of its callback threads, whose context is another, so it is captured at the call.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fitprint._core import call_scope
from fitprint._instrumentation.wrapper import Passthrough, without_this_frame
from fitprint._recorder.state import recorder_state
from fitprint._workers.context_token import LocalTask, RecordingContext, Task
from fitprint._workers.engine_hooks import sends_through_engine

_JOBLIB = "joblib._parallel_backends"
BACKENDS = frozenset({"SequentialBackend", "ThreadingBackend", "MultiprocessingBackend", "LokyBackend"})
"""joblib's own backends, whose workers run on this machine, where fitprint is installed. Of others that is unknown."""


def around_parallel(function: Any, parallel: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passthrough | None:
    """Surround a call of `joblib.Parallel.__call__`, with tasks that take the context along.

    Args:
        function: The method.
        parallel: The `Parallel` object.
        args: The arguments of the call; the first one is the tasks.
        kwargs: The keyword arguments of the call.

    Returns:
        The call with the other tasks; None where there is nothing to take along.
    """
    if not (args and (recorder_state.on or call_scope.current() is not None)):
        return None
    tasks, context = args[0], RecordingContext.capture()
    make = functools.partial(_task_kind(getattr(parallel, "_backend", None)), context)
    wrapped = (_SizedTasks if hasattr(tasks, "__len__") else _Tasks)(tasks, context, make)
    return Passthrough((wrapped, *args[1:]), kwargs)


def _task_kind(backend: Any) -> Callable[[RecordingContext, Any], Task]:
    kind = type(backend)
    name = f"{kind.__module__}.{kind.__qualname__}"
    is_of_joblib = any(base.__module__ == _JOBLIB and base.__name__ in BACKENDS for base in kind.__mro__)
    if is_of_joblib and not sends_through_engine(name):  # Ray's inherits from one of joblib's
        return Task
    return functools.partial(LocalTask, backend=name)


class _Tasks:
    """An iterator over the user's tasks, each with its context.

    joblib draws most of them in a callback thread, where the context is not that of the call: each is drawn within it.
    """

    def __init__(self, tasks: Iterable[Any], context: RecordingContext, make: Callable[[Any], Task]) -> None:
        self._user_tasks = tasks
        self._iterator: Iterator[Any] | None = None
        self._context = context
        self._make = make
        self._thread = threading.get_ident()

    def __iter__(self) -> Iterator[Any]:
        if self._iterator is None:  # joblib asks again for each slice that it takes
            self._iterator = iter(self._user_tasks)
        return self

    def __next__(self) -> Any:
        try:
            return _with_context(self._draw(), self._make)
        except BaseException as error:
            without_this_frame(error)
            raise

    def _draw(self) -> Any:
        # in the thread of the call nothing is attached, so that a run which the user's generator opens there stays open
        token = None if threading.get_ident() == self._thread else self._context.attach()
        try:
            return next(self._iterator)  # type: ignore[arg-type]
        except BaseException as error:
            without_this_frame(error)
            raise
        finally:
            if token is not None:
                self._context.detach(token)


class _SizedTasks(_Tasks):
    """The same for a list, whose length joblib uses to show its progress."""

    def __len__(self) -> int:
        return len(self._user_tasks)  # type: ignore[arg-type]


def _with_context(task: Any, make: Callable[[Any], Task]) -> Any:
    """Put the context into one of joblib's tasks, (function, args, kwargs). joblib itself rejects anything else."""
    if isinstance(task, tuple) and len(task) == 3:
        return make(task[0]), task[1], task[2]
    return task
