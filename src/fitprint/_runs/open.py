"""Beginning a run in the configured store, and staying away from a store that cannot be written."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from fitprint._core import ids, provenance
from fitprint._core import process as _process
from fitprint._core.privacy import redactor_for
from fitprint._runs import store_breaker as resting
from fitprint._runs.record import RUNNING, Record, from_json
from fitprint._runs.run import Run
from fitprint._settings.table import Settings
from fitprint.stores import OpenRun, StoreError, open_store


def begin_run(
    settings: Settings,
    name: str,
    flavor: str | None = None,
    parent_id: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Run:
    """A run from its first moment: its folder is there, and says RUNNING.

    Raises OSError when the store cannot be written, StoreResting (an OSError too) for a minute after that.
    """
    store = open_store(settings.store)
    resting.check(store.location)
    record = Record(
        run_id=ids.new_run_id(),
        name=settings.run_name or name,
        flavor=flavor,
        experiment=settings.experiment,
        parent_id=parent_id,
        tags={**provenance.run_tags(), **(tags or {}), **(settings.tags or {})},
        process=_process.this_process(),
    )
    opened: OpenRun | Run | None = None
    try:
        opened = store.begin(record.run_id)
        opened = run = Run(record, store, opened, redactor_for(settings.redact, settings.redact_allow))
        run.write()
        resting.works(store.location)
        return run
    except BaseException as error:
        if opened is not None:
            with contextlib.suppress(OSError):  # it waits, and is removed later
                opened.discard()
        if isinstance(error, OSError):
            resting.rest(store.location, error)
        raise


def reopen_run(location: str, run_id: str) -> Run:
    """A run of this store, to add to. Raises StoreError for an unknown one, and for one that is being written."""
    store = open_store(location)
    record = from_json(store.read_record(run_id))
    if record.status == RUNNING and _process.is_alive(record.process):
        raise StoreError(f"run {run_id} is still open in process {record.process['pid']}: end it there first")
    record.status, record.end, record.process = RUNNING, None, _process.this_process()
    run = Run(record, store, store.reopen(run_id))
    run.write()
    return run
