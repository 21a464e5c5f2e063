"""Beginning a run in the configured store, and opening a finished one again."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from fitprint._core import ids, process, provenance
from fitprint._core.privacy import redactor_for
from fitprint._runs import store_breaker
from fitprint._runs.record import RUNNING, Record, read_record
from fitprint._runs.run import Run
from fitprint._runs.writer import RunWriter
from fitprint._settings.table import Settings
from fitprint.stores import OpenRun, StoreError, open_store


def begin_run(
    settings: Settings,
    name: str,
    flavor: str | None = None,
    parent_id: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Run:
    """Begin a run: its folder exists afterwards, and its record has the status RUNNING.

    Raises:
        StoreUnavailable: If the store failed less than a minute ago.
        OSError: If the store cannot be written.
    """
    store = open_store(settings.store)
    store_breaker.check(store.location)
    record = Record(
        run_id=ids.new_run_id(),
        name=settings.run_name or name,
        flavor=flavor,
        experiment=settings.experiment,
        parent_id=parent_id,
        tags={**provenance.run_tags(), **(tags or {}), **(settings.tags or {})},
        process=process.this_process(),
    )
    begun: OpenRun | RunWriter | None = None
    try:
        begun = open_run = store.begin(record.run_id)
        redactor = redactor_for(settings.redact, settings.redact_allow)
        begun = writer = RunWriter(record, store.location, open_run, redactor)
        writer.write()
        store_breaker.recover(store.location)
        return Run(record, store, writer)
    except BaseException as error:
        if begun is not None:
            with contextlib.suppress(OSError):  # it waits, and is discarded when the store works again
                begun.discard()
        if isinstance(error, OSError):
            store_breaker.trip(store.location, error)
        raise


def reopen_run(location: str, run_id: str) -> Run:
    """Open a run of a store again, to add to it.

    Raises:
        StoreError: If the store has no such run, or a process is still writing it.
    """
    store = open_store(location)
    record = read_record(store, run_id)
    if record.status == RUNNING and process.is_alive(record.process):
        raise StoreError(f"run {run_id} is still open in process {record.process['pid']}: end it there first")
    record.status, record.end, record.process = RUNNING, None, process.this_process()
    writer = RunWriter(record, store.location, store.reopen(run_id))
    writer.write()
    return Run(record, store, writer)
