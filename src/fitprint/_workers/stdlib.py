"""The standard library's threads, processes, pools and executors: each task takes its recording context along.

A thread gets a context only where there is something in it: a session, or an active run. Another process also learns
that recording is on, and with which settings.
"""

from __future__ import annotations

from typing import Any

from fitprint._core import call_scope, task_scope
from fitprint._instrumentation.wrapper import Passthrough, without_this_frame
from fitprint._recorder.state import recorder_state
from fitprint._runs import active
from fitprint._workers.context_token import RecordingContext, Task

_OF_JOBLIB = ("BatchedCalls", "_TracebackCapturingWrapper")
"""What joblib submits to its pools: the tasks inside have their contexts already."""


def _something_is_open() -> bool:
    if not recorder_state.on:
        return False
    is_open = call_scope.current() is not None or active.active_run() is not None
    return is_open or task_scope.current() is not None


def around_thread_submit(function: Any, pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passthrough | None:
    """Surround `ThreadPoolExecutor.submit(task, ...)`. The arguments are those of a `Begin`, here and below."""
    return _with_task(args, kwargs) if _something_is_open() else None


def around_process_submit(
    function: Any, pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Passthrough | None:
    """Surround a method that hands ``(task, ...)`` to a pool of processes: `submit`, `apply_async`, `imap`..."""
    return _with_task(args, kwargs) if recorder_state.on else None


def around_pool_call(function: Any, pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passthrough | None:
    """Surround a method of `multiprocessing.pool.Pool`, whose subclass `ThreadPool` uses threads."""
    if type(pool).__name__ == "ThreadPool":
        return around_thread_submit(function, pool, args, kwargs)
    return around_process_submit(function, pool, args, kwargs)


def _with_task(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passthrough | None:
    if args and type(args[0]).__name__ in _OF_JOBLIB:
        return None
    if args and callable(args[0]) and not isinstance(args[0], Task):
        return Passthrough((Task(RecordingContext.capture(), args[0]), *args[1:]), kwargs)
    if callable(kwargs.get("func")):
        return Passthrough(args, {**kwargs, "func": Task(RecordingContext.capture(), kwargs["func"])})
    return None


def around_thread_start(
    function: Any, thread: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Passthrough | None:
    """Surround `Thread.start`: until the thread begins, its `run` is replaced by one that attaches the context."""
    if not _something_is_open() or "run" in vars(thread):
        return None
    thread.run = _ThreadRun(RecordingContext.capture(), thread)
    return Passthrough(args, kwargs)


class _ThreadRun:
    """A thread's `run` that removes itself and then calls the thread's own."""

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
    """Surround `multiprocessing.Process.start`: while the process is forked or pickled, its `run` is replaced."""
    if not recorder_state.on or "run" in vars(process):
        return None
    return _ProcessStart(process, args, kwargs)


class _ProcessStart(Passthrough):
    """Surrounds the start of a process."""

    def __init__(self, process: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self._process = process

    def __enter__(self) -> None:
        # `run` must be the first attribute: a spawned child unpickles them in this order, and must turn recording on
        # before it unpickles the target, whose class has to be patched by then
        attributes = vars(self._process)
        others = dict(attributes)
        attributes.clear()
        attributes["run"] = _ProcessRun(RecordingContext.capture(), self._process)
        attributes.update(others)

    def __exit__(self, *error: Any) -> None:
        vars(self._process).pop("run", None)


class _ProcessRun:
    """A process's `run` in the child, which removes itself and then calls the process's own."""

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
