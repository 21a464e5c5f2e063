"""joblib: every task of a `Parallel` call takes along what was open where the call was made.

Most batches are built in a callback thread of joblib's, where the context is another: so it is captured at the call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fitprint import _session
from fitprint._handover.token import Handover, LocalTask, Task
from fitprint._patching.passing import Passing
from fitprint._recorder.switch import switch

_JOBLIB = "joblib._parallel_backends"
BACKENDS = frozenset({"SequentialBackend", "ThreadingBackend", "MultiprocessingBackend", "LokyBackend"})
"""joblib's own, on this machine: their workers run where fitprint is installed. Of others nobody can say."""


def around_parallel(function: Any, parallel: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passing | None:
    """For the wrapper of `joblib.Parallel.__call__`. Nothing to hand over: straight through."""
    if not (args and (switch.on or _session.current() is not None)):
        return None
    tasks, make = args[0], functools.partial(_kind_for(getattr(parallel, "_backend", None)), Handover.capture())
    # joblib asks a list for its length to show its progress
    listed = isinstance(tasks, (list, tuple))
    handed = [_handed(each, make) for each in tasks] if listed else _lazily(tasks, make)
    return Passing((handed, *args[1:]), kwargs)


def _kind_for(backend: Any) -> Callable[[Handover, Any], Task]:
    kind = type(backend)
    if any(each.__module__ == _JOBLIB and each.__name__ in BACKENDS for each in kind.__mro__):
        return Task
    return functools.partial(LocalTask, workers=f"joblib's backend {kind.__module__}.{kind.__qualname__}")


def _lazily(tasks: Iterable[Any], make: Callable[[Any], Task]) -> Iterator[Any]:
    for each in tasks:
        yield _handed(each, make)


def _handed(task: Any, make: Callable[[Any], Task]) -> Any:
    """joblib's tasks are (function, args, kwargs); anything else is joblib's to complain about."""
    if isinstance(task, tuple) and len(task) == 3:
        return make(task[0]), task[1], task[2]
    return task
