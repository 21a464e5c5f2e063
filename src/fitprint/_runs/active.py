"""Which run is active: what `start_run` opened, in this context or, in a notebook, in an earlier cell.

A `with` block belongs to its context, so that asyncio tasks do not see each other's runs. A run started without `with`
also belongs to the thread: a notebook gives each cell a context of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._runs.open import begin_run, reopen_run
from fitprint._runs.record import FAILED, FINISHED, KILLED, RUNNING
from fitprint._runs.run import Run
from fitprint._settings.layers import current

Stack = tuple[Run, ...]

_in_context: ContextVar[Stack] = ContextVar("fitprint_active_runs", default=())
_in_thread = threading.local()
_claiming = fork_safe_lock()
_inherited_parent: str | None = None
"""In a forked child: the run that was active in the parent. It is only named as parent, never written."""


def start_run(
    run_name: str | None = None,
    *,
    name: str | None = None,
    run_id: str | None = None,
    nested: bool = False,
    experiment_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
) -> Run:
    """Opens a run and makes it the active one: a context manager, or ended by `end_run`.

    The first training call to start inside is recorded on this run, each further one as its child. A run started
    inside another is its child, with ``nested`` or without. ``run_id`` reopens a run of the store. ``experiment_id``
    is the experiment's label.

    Raises OSError when the store cannot be written, and StoreError for an unknown ``run_id``.
    """
    settings = current().settings()
    if run_id is not None:
        run = reopen_run(settings.store, run_id)
        run.claimed = True
    else:
        given = {str(key): str(value) for key, value in (tags or {}).items()}
        if description is not None:
            given["description"] = description
        run = begin_run(settings, run_name or name or "run", parent_id=parent_id(), tags=given)
        if experiment_id is not None:
            run.record.experiment = str(experiment_id)
    _in_context.set((*_in_context.get(), run))
    _thread_stack().append(run)
    return run


def end_run(status: str = FINISHED) -> None:
    """Ends the active run; without one, does nothing. Raises ValueError for an unknown status."""
    if status not in (FINISHED, FAILED, KILLED):
        raise ValueError(f"a run ends as {FINISHED}, {FAILED} or {KILLED}, not as {status!r}")
    run = active_run()
    if run is not None:
        _leave(run)
        run.end(status)


def active_run() -> Run | None:
    """The run that `start_run` opened last, and that has not ended; or None."""
    for stack in (_in_context.get(), _thread_stack()):
        for run in reversed(stack):
            if run.status == RUNNING:
                return run
    return None


def parent_id() -> str | None:
    """The id of the run that a new one is a child of: the active one, or that of the process this one came from."""
    run = active_run()
    return run.run_id if run is not None else _inherited_parent


def claim(run: Run) -> bool:
    """Takes the active run for a training call. False when another call took it first."""
    with _claiming:
        taken, run.claimed = run.claimed, True
        return not taken


def stack() -> Stack:
    """The runs active in this context, for handing them over to a worker."""
    found = active_run()
    return _in_context.get() if found is None or found in _in_context.get() else (*_in_context.get(), found)


def swap_stack(runs: Stack) -> Stack:
    """Makes the runs of another context the active ones of this one. Returns those it had."""
    had = _in_context.get()
    _in_context.set(runs)
    return had


def inherit(parent: str | None) -> None:
    """In a worker process: the run of the parent process that new ones are children of."""
    global _inherited_parent
    _inherited_parent = parent


def enter_block(run: Run) -> None:
    """A `with` block begins: the run belongs to this context alone."""
    threads = _thread_stack()
    if run in threads:
        threads.remove(run)
    if run not in _in_context.get():
        _in_context.set((*_in_context.get(), run))


def leave_block(run: Run, error: type[BaseException] | None) -> None:
    """A `with` block ends: the run is FINISHED, FAILED by an exception, or KILLED by an interruption."""
    _leave(run)
    if run.written_here:  # a forked child may leave the block too
        run.end(FINISHED if error is None else FAILED if issubclass(error, Exception) else KILLED)


def _leave(run: Run) -> None:
    _in_context.set(tuple(each for each in _in_context.get() if each is not run))
    if run in _thread_stack():
        _thread_stack().remove(run)


def _thread_stack() -> list[Run]:
    if not hasattr(_in_thread, "runs"):
        _in_thread.runs = []
    found: list[Run] = _in_thread.runs
    return found


@in_forked_child
def _forget_in_child() -> None:
    run = active_run()
    if run is not None:
        inherit(run.run_id)
    _in_context.set(())
    _thread_stack().clear()


@on_reset
def _end_and_forget() -> None:
    while active_run() is not None:
        end_run(KILLED)
    _in_context.set(())
    inherit(None)
