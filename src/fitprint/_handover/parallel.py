"""joblib: every task of a `Parallel` call takes along what was open where the call was made.

Most batches are built in a callback thread of joblib's, where the context is another: so it is captured at the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fitprint import _session
from fitprint._handover.token import Handover, Task
from fitprint._patching.passing import Passing
from fitprint._recorder.switch import switch


def around_parallel(function: Any, parallel: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passing | None:
    """For the wrapper of `joblib.Parallel.__call__`.

    Only joblib's own backends: their workers run where fitprint is installed. Nothing to hand over: straight through.
    """
    if not (args and (switch.on or _session.current() is not None)):
        return None
    if not type(getattr(parallel, "_backend", None)).__module__.startswith("joblib."):
        return None
    tasks, handover = args[0], Handover.capture()
    # joblib asks a list for its length to show its progress
    listed = isinstance(tasks, (list, tuple))
    handed = [_handed(each, handover) for each in tasks] if listed else _lazily(tasks, handover)
    return Passing((handed, *args[1:]), kwargs)


def _lazily(tasks: Iterable[Any], handover: Handover) -> Iterator[Any]:
    for each in tasks:
        yield _handed(each, handover)


def _handed(task: Any, handover: Handover) -> Any:
    """joblib's tasks are (function, args, kwargs); anything else is joblib's to complain about."""
    if isinstance(task, tuple) and len(task) == 3:
        return Task(handover, task[0]), task[1], task[2]
    return task
