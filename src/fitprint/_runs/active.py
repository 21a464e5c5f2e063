"""Starting and ending the active run, which training calls are recorded on and log functions write to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fitprint._core import call_scope, task_scope
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._runs.index import last_run
from fitprint._runs.mlflow_view import DESCRIPTION, own_tags
from fitprint._runs.open import begin_run, open_run
from fitprint._runs.record import FINISHED, KILLED, check_end_status
from fitprint._runs.run import Run, active_runs, adder_of, is_own, writer_of
from fitprint._settings.layers import current

_RUN_ID = re.compile("[0-9a-f]{32}")
_claim_lock = fork_safe_lock()
_inherited_parent: str | None = None
"""In a forked child: the id of the run that was active in the parent process. The child never writes that run."""


def start_run(
    run_name: str | None = None,
    *,
    name: str | None = None,
    run_id: str | None = None,
    nested: bool = False,
    experiment_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    group: bool = False,
    parent_run_id: str | None = None,
    log_system_metrics: bool | None = None,
) -> Run:
    """Start a run and make it the active one.

    Use it as a context manager, or end the run with `end_run`. The first training call inside is recorded on this run,
    and each further one becomes its child. A run that is started inside another one becomes its child.

    Args:
        run_name: The name of the run, "run" by default. A value that is not a text, such as a number, becomes one. If
            it is the whole id of a run, it is taken as `run_id`, which is the first argument of MLflow's function.
        name: The same as `run_name`.
        run_id: The id of a run in the store, to open that run and add to it. If it is open already, in this process or
            in another one, both add to it, and the end of this block does not end the run.
        nested: Accepted for scripts written for MLflow. It has no effect: runs may always be nested here.
        experiment_id: The label of the experiment, instead of the setting `experiment`.
        tags: Tags of the run.
        description: A text about the run, stored as its tag ``description``.
        group: Whether the run only groups others: no training is recorded on it, and each one inside becomes its child.
        parent_run_id: The id of the run that this one becomes a child of, instead of the active one.
        log_system_metrics: Whether system metrics of the run are recorded, instead of the setting
            `log_system_metrics`. A run that is a child of another one has none.

    Returns:
        The run. If nobody ends it, it ends with the program.

    Raises:
        ValueError: If the description is given twice, or the experiment is not a text.
        OSError: If the store cannot be written.
        StoreError: If `run_id` is not in the store.
    """
    settings = current().settings()
    if log_system_metrics is not None:
        settings = replace(settings, log_system_metrics=bool(log_system_metrics))
    if run_id is None and isinstance(run_name, str) and _RUN_ID.fullmatch(run_name):
        run_id, run_name = run_name, None
    if not isinstance(experiment_id, (str, int, type(None))):
        raise ValueError(f"experiment_id is the label of an experiment, not {experiment_id!r:.80}")
    named, texts = own_tags({str(key): str(value) for key, value in (tags or {}).items()})
    if description is not None:
        if texts.get(DESCRIPTION, description) != description:
            raise ValueError(
                f"start_run(): description and the tag {DESCRIPTION} say different things: give one of them"
            )
        texts[DESCRIPTION] = str(description)
    title = str(next((text for text in (run_name, name, named) if text is not None), ""))
    if run_id is not None:
        run = open_run(settings.store, run_id)
        if is_own(run):
            writer_of(run).claimed = True
        if title:
            with adder_of(run).change():
                adder_of(run).rename(title)
        if texts:
            run.set_tags(texts)
    else:
        run = begin_run(settings, title or "run", parent_id=parent_run_id or parent_id(), tags=texts, settles=True)
        if experiment_id is not None:
            writer_of(run).record.experiment = str(experiment_id)
        writer_of(run).claimed = group
    active_runs.push(run)
    return run


def end_run(status: str = FINISHED) -> None:
    """End the run that `start_run` started last. Does nothing if there is none: a recorded training call ends its own.

    Args:
        status: ``FINISHED``, ``FAILED`` or ``KILLED``.

    Raises:
        ValueError: If the status is another one.
        OSError: If the end of the run cannot be written.
    """
    check_end_status(status)
    run = active_runs.innermost()
    if run is not None:
        active_runs.remove(run)
        run.end(status)


def active_run() -> Run | None:
    """Return the innermost run that is open here.

    Returns:
        Inside a recorded training call the run that it is recorded on, unless `start_run` started another one inside
        the call. Otherwise the run that `start_run` started last and that has not ended. None if there is neither.
    """
    started = active_runs.innermost()
    session = call_scope.current()
    if session is None or session.run is None:
        return started
    return started if started is not None and started is not session.outer_run else session.run


def last_active_run() -> Run | None:
    """Return the run that is open here, else the one that was open last.

    Returns:
        The run that `active_run` returns; else the newer one of the last that `start_run` began and that of the latest
        training call. None if there is none.
    """
    run = active_run()
    ended = [other for other in (active_runs.last, last_run()) if other is not None]
    return run or max(ended, key=lambda other: other.run_id, default=None)  # ids sort by time


def parent_id() -> str | None:
    """Return the id of the run that a new run is a child of, or None.

    It is the active run, or the run that was active where the task of this thread was sent to an engine, or in the
    process which this one was started from.
    """
    run = active_run()
    if run is not None:
        return run.run_id
    task = task_scope.current()
    return task.parent_id if task is not None else _inherited_parent


def claim(run: Run) -> bool:
    """Take the active run for a training call.

    Returns:
        False if another call took it first, if it only groups, or if it is the run of another block or process.
    """
    if not is_own(run):
        return False
    writer = writer_of(run)
    with _claim_lock:
        claimed, writer.claimed = writer.claimed, True
        return not claimed


def inherit(parent: str | None) -> None:
    """Set the id of the run of the parent process that the runs of this worker process are children of."""
    global _inherited_parent
    _inherited_parent = parent


@in_forked_child
def _leave_runs_to_parent() -> None:
    """In a forked child: name the active run as the parent of new runs, and do not write to it."""
    run = active_runs.innermost()
    if run is not None:
        inherit(run.run_id)
    active_runs.clear()


@on_reset
def _end_all() -> None:
    while active_runs.innermost() is not None:
        end_run(KILLED)
    active_runs.clear()
    inherit(None)
