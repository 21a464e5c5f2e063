"""Cleaning up after processes that died while recording: ends their runs, and removes what is incomplete in them.

Params, metrics, artifacts and complete packages belong to the user, and stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fitprint._core.signal_handlers import own
from fitprint._runs.lease import is_at_work
from fitprint._runs.record import GC, KILLED, Record, Skip, iso_time, model_skip, read_record
from fitprint.stores import OpenRun, Store, StoreError, UnknownRunError
from fitprint.stores.leftovers import Leftovers

CLOSED, SWEPT, REMOVED, LEFT, THINNED = "closed", "swept", "removed", "left", "thinned"
UNBEGUN = 3600.0
"""The seconds after which a folder without a record is not taken for a run that is just beginning."""


@dataclass
class Cleaned:
    """What was done with one run, or in a dry run what would be done."""

    run_id: str
    did: str
    """``closed``: it was open, and is ended; ``swept``: it had ended, and something incomplete was removed from it;
    ``removed``: the whole run was removed; ``thinned``: a package of it was removed; ``left``: nothing was done."""
    name: str = ""
    status: str = ""
    removed: list[str] = field(default_factory=list)
    """The names of what was removed from its folder."""
    freed: int = 0
    """The bytes that were freed."""
    reason: str = ""
    """Why it was left or removed."""
    failed: bool = False
    """Whether it was left because of an error of the system."""


def clean(store: Store, older_than: float | None = None, dry_run: bool = False) -> Iterator[Cleaned]:
    """Clean up the runs of a store whose process is gone.

    Runs of living processes are never changed. Other processes may record or clean up at the same time.

    Args:
        store: The store.
        older_than: Also clean up runs of other hosts, whose process cannot be checked from here, if nothing was written
            to them for this number of seconds.
        dry_run: Change nothing.

    Yields:
        What was done, for each run that something was done with or that was left for a reason.
    """
    for run_id in store.run_ids():
        try:
            cleaned = _clean(store, run_id, older_than, dry_run)
        except UnknownRunError:  # another process was faster
            continue
        except own(OSError) as error:
            cleaned = Cleaned(run_id, LEFT, reason=error.strerror or str(error), failed=True)
        if cleaned is not None:
            yield cleaned


def _clean(store: Store, run_id: str, older_than: float | None, dry_run: bool) -> Cleaned | None:
    leftovers = store.leftovers(run_id)
    age = time.time() - leftovers.changed
    try:
        record = read_record(store, run_id)
    except UnknownRunError:
        return _without_record(store, run_id, leftovers, age, older_than, dry_run)
    except StoreError as error:
        if not leftovers.recorded:  # its process died while writing the first record
            return _without_record(store, run_id, leftovers, age, older_than, dry_run)
        return Cleaned(run_id, LEFT, reason=str(error), failed=True)

    def is_dead(document: Mapping[str, Any]) -> bool:
        return not may_be_written(document.get("process") or {}, store, run_id, leftovers.changed, older_than)

    is_unended = leftovers.open or record.end is None
    if not is_dead({"process": record.process}):
        return (
            Cleaned(run_id, LEFT, record.name, record.status, reason=_why_left(record, store)) if is_unended else None
        )
    incomplete = _incomplete(leftovers, record)
    if not is_unended and not incomplete:
        return None
    ended_record = _ended_record(record, leftovers) if record.end is None else None
    if not dry_run:
        open_run = store.take_over(run_id, leftovers.open, is_dead)
        if open_run is None:
            return None
        open_run.mend(ended_record.to_json() if ended_record is not None else None, incomplete)
    status = (ended_record or record).status
    return Cleaned(
        run_id, CLOSED if is_unended else SWEPT, record.name, status, sorted(incomplete), sum(incomplete.values())
    )


def close_dead(store: Store, run_id: str) -> None:
    """Move the run of a dead process to the finished ones. Does nothing if its process may be alive.

    Raises:
        StoreError: If the store has no such run, or it cannot be read.
        OSError: If something cannot be written or removed.
    """
    _clean(store, run_id, None, dry_run=False)


def take_over(store: Store, run_id: str, is_dead: Callable[[Mapping[str, Any]], bool]) -> OpenRun | None:
    """Take the run of a dead process to go on writing it, without what is incomplete in it.

    Args:
        store: The store of the run.
        run_id: The id of the run.
        is_dead: Tells from its record whether its process is dead.

    Returns:
        The run to write; None if its process is not dead, or another process has taken it.

    Raises:
        StoreError: If the store has no such run, or it cannot be read.
        OSError: If something cannot be written or removed.
    """
    leftovers, record = store.leftovers(run_id), read_record(store, run_id)
    open_run = store.take_over(run_id, leftovers.open, is_dead)
    if open_run is not None:
        open_run.mend(None, _incomplete(leftovers, record))
    return open_run


def _without_record(
    store: Store, run_id: str, leftovers: Leftovers, age: float, older_than: float | None, dry_run: bool
) -> Cleaned | None:
    """Remove a folder without a record: nothing of it can be read, and its process is unknown."""
    if not leftovers.open:
        return None
    if age < (UNBEGUN if older_than is None else older_than):
        return Cleaned(run_id, LEFT, reason="it has no record yet, and may be about to get one")
    if not dry_run:
        store.reopen(run_id).discard()
    size = sum((*leftovers.incomplete.values(), *leftovers.packages.values(), *leftovers.unsealed.values()))
    return Cleaned(run_id, REMOVED, freed=size, reason="it never got a record")


def _incomplete(leftovers: Leftovers, record: Record) -> dict[str, int]:
    """Return what to remove from a run, with its bytes, but no artifacts of the record that have such a name."""
    incomplete = {**leftovers.incomplete, **leftovers.unsealed} if record.end is None else dict(leftovers.incomplete)
    # packages that a process wanted to remove, and died after writing this into the record
    incomplete |= {
        name: size
        for name, size in leftovers.packages.items()
        if name not in record.models and _is_thinned(record, name)
    }
    artifacts = {f"artifacts/{name}" for name in record.artifacts}
    return {name: size for name, size in incomplete.items() if name not in artifacts}


def may_be_written(
    process: Mapping[str, Any], store: Store, run_id: str, changed: float, older_than: float | None
) -> bool:
    """Return whether the process of a run may still write it.

    It may if it is at work, or if that cannot be found out from here and the run has been `changed` recently.
    """
    at_work = is_at_work(process, store, run_id)
    if at_work is None:
        return older_than is None or time.time() - changed < older_than
    return at_work


def thinned_skip(name: str, reason: str) -> Skip:
    """Return the skip reason for a package that was removed to free space."""
    return model_skip(name, GC, reason)


def _is_thinned(record: Record, name: str) -> bool:
    return thinned_skip(name, "")[:2] in {skip[:2] for skip in record.skipped}


def _ended_record(record: Record, leftovers: Leftovers) -> Record:
    """Return the record with the status KILLED, ended when anything was last written."""
    about = {"flavor": record.flavor, "autologged": False}
    models = {name: record.models.get(name, {**about, "size": size}) for name, size in leftovers.packages.items()}
    reason = "its process ended before the run did"
    return replace(
        record,
        status=KILLED,
        end=iso_time(min(leftovers.changed, time.time())),
        models=models,
        skipped=[*record.skipped, Skip("the rest of the recording", "killed", reason)],
    )


def _why_left(record: Record, store: Store) -> str:
    if is_at_work(record.process, store, record.run_id):
        return "its process is still running"
    host = record.process.get("host")
    return f"whether its process is alive can only be checked on {host or 'its own host'}"
