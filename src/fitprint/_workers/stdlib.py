"""The standard library's workers: threads, processes, pools and executors take along what was open at their start.

To a thread something is handed over only when there is something: a session, or an active run. To another process also
that recording is on, and with which settings.
"""

from __future__ import annotations

from typing import Any

from fitprint._core import call_scope
from fitprint._instrumentation.wrapper import Passthrough, without_this_frame
from fitprint._recorder.state import switch
from fitprint._runs import active
from fitprint._workers.context_token import RecordingContext, Task

_JOBLIB_S_OWN = ("BatchedCalls", "_TracebackCapturingWrapper")
"""What joblib submits to its pools: the tasks inside have their tokens."""


def _something_is_open() -> bool:
    return switch.on and (call_scope.current() is not None or active.active_run() is not None)


def around_thread_submit(function: Any, pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passthrough | None:
    """For `ThreadPoolExecutor.submit(function, ...)`."""
    return _with_task(args, kwargs) if _something_is_open() else None


def around_process_submit(
    function: Any, pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Passthrough | None:
    """For whatever hands ``(function, ...)`` to a pool of processes: `submit`, `apply_async`, `imap`..."""
    return _with_task(args, kwargs) if switch.on else None


def around_pool_call(function: Any, pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passthrough | None:
    """For the methods of `multiprocessing.pool.Pool`, whose subclass `ThreadPool` has threads for workers."""
    if type(pool).__name__ == "ThreadPool":
        return around_thread_submit(function, pool, args, kwargs)
    return around_process_submit(function, pool, args, kwargs)


def _with_task(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passthrough | None:
    if args and type(args[0]).__name__ in _JOBLIB_S_OWN:
        return None
    if args and callable(args[0]) and not isinstance(args[0], Task):
        return Passthrough((Task(RecordingContext.capture(), args[0]), *args[1:]), kwargs)
    if callable(kwargs.get("func")):
        return Passthrough(args, {**kwargs, "func": Task(RecordingContext.capture(), kwargs["func"])})
    return None


def around_thread_start(
    function: Any, thread: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Passthrough | None:
    """For `Thread.start`: the thread's `run` is our own for as long as it takes to begin."""
    if not _something_is_open() or "run" in vars(thread):
        return None
    thread.run = _ThreadRun(RecordingContext.capture(), thread)
    return Passthrough(args, kwargs)


class _ThreadRun:
    """A thread's `run` that takes itself away and then does what the thread's own does."""

    def __init__(self, context: RecordingContext, thread: Any) -> None:
        self._context = context
        self._thread = thread

    def __call__(self) -> None:
        thread, self._thread = self._thread, None
        del thread.run
        try:
            Task(self._context, thread.run)()
        except BaseException as error:
            without_this_frame(error)
            raise


def around_process_start(
    function: Any, process: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Passthrough | None:
    """For `multiprocessing.Process.start`: its `run` is our own while it is forked or pickled."""
    if not switch.on or "run" in vars(process):
        return None
    return _ProcessStart(process, args, kwargs)


class _ProcessStart(Passthrough):
    """Around the start of a process."""

    def __init__(self, process: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self._process = process

    def __enter__(self) -> None:
        state = vars(self._process)
        rest = dict(state)
        state.clear()
        # first of all, for a spawned child unpickles in this order, and its target must find its classes patched
        state["run"] = _ProcessRun(RecordingContext.capture(), self._process)
        state.update(rest)

    def __exit__(self, *error: Any) -> None:
        vars(self._process).pop("run", None)


class _ProcessRun:
    """A process's `run` in the child."""

    def __init__(self, context: RecordingContext, process: Any) -> None:
        self._context = context
        self._process = process

    def __call__(self) -> None:
        process, self._process = self._process, None
        vars(process).pop("run", None)
        try:
            Task(self._context, process.run)()
        except BaseException as error:
            without_this_frame(error)
            raise

    def __reduce__(self) -> Any:
        return _ProcessRun, (self._context, self._process)
