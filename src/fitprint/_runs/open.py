"""Beginning a run in the configured store, and opening one by its id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from fitprint._core import ids, process, provenance, task_scope
from fitprint._core.guard import guarded
from fitprint._core.locks import fork_safe_lock
from fitprint._core.privacy import Redactor, redactor_for
from fitprint._core.signal_handlers import is_of_program, suppress_own
from fitprint._runs import attempts, code, store_breaker, waiting
from fitprint._runs.gc import close_dead
from fitprint._runs.merge import read_whole_record, whole_record
from fitprint._runs.record import KILLED, RUNNING, Record, read_record
from fitprint._runs.run import Run, joined_run
from fitprint._runs.side_writer import side_writer
from fitprint._runs.writer import RunWriter, writers
from fitprint._settings.table import Settings
from fitprint.stores import OpenRun, Store, open_store


def begin_run(
    settings: Settings,
    name: str,
    flavor: str | None = None,
    parent_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    fill: Callable[[RunWriter], None] | None = None,
    settles: bool = False,
) -> Run:
    """Begin a run: its folder exists afterwards, and its record has the status RUNNING.

    Args:
        settings: The settings.
        name: The name of the run, unless the settings name it.
        flavor: The name of the flavor that records it.
        parent_id: The id of the run that this one is a child of.
        tags: Further tags.
        fill: Adds what is known already, so that it is in the record that is written first.
        settles: Whether the run gets its final folder at once, because the user may take paths from it.

    Returns:
        The run.

    Raises:
        StoreUnavailable: If the store failed less than a minute ago.
        OSError: If the store cannot be written.
    """
    store = open_store(settings.store)
    store_breaker.check(store.location)
    waiting.write_if_due()
    redactor = redactor_for(settings.redact, settings.redact_allow)
    record = _first_record(settings, name, flavor, parent_id, redactor)
    writer = _writer_to_go_on_with(record, settings, store, redactor)
    begun: OpenRun | RunWriter | None = None
    try:
        if writer is None:
            begun = new_run = store.begin(record.run_id)
            begun = writer = RunWriter(record, store.location, new_run, redactor)
        writer.add_tags({**(tags or {}), **(settings.tags or {})})
        _record_origin(writer, record, settings, store)
        if fill is not None:
            fill(writer)
        writer.write()
        if settles:
            writer.settle()
        store_breaker.recover(store.location)
        run = Run(writer.record, store, writer)
        _sample_system(writer, record, settings)
        _add_to_group(run, store, parent_id)
        return run
    except BaseException as error:
        _give_up(begun, store, error)
        raise


def _first_record(
    settings: Settings, name: str, flavor: str | None, parent_id: str | None, redactor: Redactor
) -> Record:
    """Return the record with which a run begins."""
    return Record(
        run_id=ids.new_run_id(),
        name=settings.run_name or name,
        flavor=flavor,
        experiment=settings.experiment,
        parent_id=parent_id,
        tags={**provenance.run_tags(), **code.code_tags(settings.log_code, redactor)},
        process=process.this_process(),
    )


def _record_origin(writer: RunWriter, record: Record, settings: Settings, store: Store) -> None:
    """Record which task of an engine the run belongs to, and the code that it comes from."""
    task = task_scope.current()
    if task is not None:
        with guarded("the task", skips=writer, strict=settings.strict):
            writer.add_tags(attempts.tags_of_task(task, store, record))
    if record.parent_id is None:
        with guarded("the code", skips=writer, strict=settings.strict):
            code.record_code(writer, settings.log_code)


def _sample_system(writer: RunWriter, record: Record, settings: Settings) -> None:
    if settings.log_system_metrics and record.parent_id is None:
        from fitprint._runs.system_metrics import sample_until_end  # late: few runs have them

        with guarded("system metrics", skips=writer, strict=settings.strict):
            sample_until_end(writer)


def _give_up(begun: OpenRun | RunWriter | None, store: Store, error: BaseException) -> None:
    """Discard what was begun of a run, and leave the store alone for a while if it has failed."""
    if begun is not None:
        with suppress_own(OSError):  # it waits, and is discarded when the store works again
            begun.discard()
    if isinstance(error, OSError) and not is_of_program(error):
        store_breaker.trip(store.location, error)


def _writer_to_go_on_with(record: Record, settings: Settings, store: Store, redactor: Redactor) -> RunWriter | None:
    if settings.resume is None:
        return None
    from fitprint._runs.resume import writer_to_go_on_with  # late: few programs go on with anything

    return writer_to_go_on_with(settings.resume, record, store, redactor)


def _add_to_group(run: Run, store: Store, parent_id: str | None) -> None:
    parent = writers.get((store.location, parent_id)) if parent_id is not None else None
    if parent is not None and parent.group is not None and parent.group.is_open:
        parent.group.below.append(run)


def open_run(location: str, run_id: str) -> Run:
    """Open a run of a store, to add to it.

    If this process writes the run, its writer is shared, or opens the run again if that has ended. Otherwise the run
    keeps its record, and what is added goes to a side file; a run that has ended reads as RUNNING until this use ends.

    Raises:
        StoreError: If the store has no such run.
        OSError: If the store cannot be written.
    """
    store = open_store(location)
    record = read_record(store, run_id)
    with _lock:
        writer = writers.get((store.location, run_id))
        if writer is not None and writer.written_here:
            if not writer.closed:
                return joined_run(writer.record, store, writer)
            writer.resume()
            return Run(writer.record, store, writer)
    if record.status == KILLED and record.end is None:
        close_dead(store, run_id)
        record = read_record(store, run_id)
    side, reopened = side_writer(store.location, run_id), record.end is not None
    if reopened:
        side.begin_again()
    whole = replace(whole_record(record, store), status=RUNNING, end=None)
    return joined_run(whole, store, side=side, reopened=reopened)


def run_to_add_to(location: str, run_id: str) -> Run:
    """Return a run of a store to add to it, without opening it again if it has ended.

    Raises:
        StoreError: If the store has no such run.
    """
    store = open_store(location)
    writer = writers.get((store.location, run_id))
    if writer is not None and writer.written_here:
        return joined_run(writer.record, store, writer)
    return joined_run(read_whole_record(store, run_id), store, side=side_writer(store.location, run_id))


_lock = fork_safe_lock()
"""So that one of several threads opens a run again that has ended, and the others join it."""
