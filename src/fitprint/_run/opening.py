"""Beginning a run in the configured store, and staying away from a store that cannot be written."""

from __future__ import annotations

import time
from collections.abc import Mapping

from fitprint import _identity
from fitprint._guard import tell
from fitprint._run.record import RUNNING, Record, from_json
from fitprint._run.run import Run
from fitprint._settings import Settings
from fitprint.stores import StoreError, open_store

_RETRY = 60.0
"""Seconds for which a store that could not be written is left alone."""

_resting: dict[str, float] = {}


class StoreResting(Exception):
    """The store could not be written a moment ago: it has been said, and it is not tried again yet."""


def begin_run(
    settings: Settings,
    name: str,
    flavor: str | None = None,
    parent_id: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Run:
    """A run from its first moment: its folder is there, and says RUNNING.

    Raises OSError when the store cannot be written, StoreResting for a minute after that.
    """
    store = open_store(settings.store)
    if time.monotonic() < _resting.get(store.location, 0.0):
        raise StoreResting
    record = Record(
        run_id=_identity.new_run_id(),
        name=settings.run_name or name,
        flavor=flavor,
        experiment=settings.experiment,
        parent_id=parent_id,
        tags={**_identity.run_tags(), **(tags or {}), **(settings.tags or {})},
        process=_identity.process(),
    )
    run = Run(record, store, store.begin(record.run_id))
    run.write()
    return run


def reopen_run(location: str, run_id: str) -> Run:
    """A run of this store, to add to. Raises StoreError for an unknown one, and for one that is being written."""
    store = open_store(location)
    record = from_json(store.read_record(run_id))
    if record.status == RUNNING and _identity.is_alive(record.process):
        raise StoreError(f"run {run_id} is still open in process {record.process['pid']}: end it there first")
    record.status, record.end, record.process = RUNNING, None, _identity.process()
    run = Run(record, store, store.reopen(run_id))
    run.write()
    return run


def rest(location: str, error: OSError) -> None:
    """Leaves a store alone for a minute, and says so with the reason and the mend."""
    _resting[open_store(location).location] = time.monotonic() + _RETRY
    reason = error.strerror or str(error)
    tell(
        f"nothing is recorded for now: {location} cannot be written ({reason}); "
        "make it writable, or set FITPRINT_STORE to another folder"
    )
