"""Cleaning up after processes that died while they recorded: what they left open is closed, what is half is removed.

Params, metrics, artifacts and complete packages are the user's and stay.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fitprint._core import process as _process
from fitprint._runs.read import read_record
from fitprint._runs.record import KILLED, Record, Skip
from fitprint.stores import Store, StoreError, UnknownRunError
from fitprint.stores.leftovers import Leftovers

CLOSED, SWEPT, REMOVED, LEFT, THINNED = "closed", "swept", "removed", "left", "thinned"
RULE = "gc"
UNBEGUN = 3600.0
"""Seconds after which a folder without a record is no run that is just beginning."""


@dataclass
class Cleaned:
    """One run, and what was done with it (in a dry run: what would be)."""

    run_id: str
    did: str
    """``closed``: it was open; ``swept``: it had ended, half of something lay in it; ``removed``; ``thinned``: a
    package of it was removed; ``left`` as it is."""
    name: str = ""
    status: str = ""
    removed: list[str] = field(default_factory=list)
    """The names, inside the folder, of what was half done."""
    freed: int = 0
    """Bytes."""
    reason: str = ""
    """Why it was left, or removed."""
    failed: bool = False
    """Whether it was left because the system refused."""


def clean(store: Store, older_than: float | None = None, dry_run: bool = False) -> Iterator[Cleaned]:
    """Cleans up the runs of a store whose process is gone; those there is nothing to say of are not mentioned.

    ``older_than``, in seconds: also those of which that cannot be told from here (another host's), where nothing
    was written for so long. Runs of living processes are never touched. Safe beside processes that record, and beside
    others that clean.
    """
    for run_id in store.run_ids():
        try:
            found = _clean(store, run_id, older_than, dry_run)
        except UnknownRunError:  # another was faster
            continue
        except OSError as error:
            found = Cleaned(run_id, LEFT, reason=error.strerror or str(error), failed=True)
        if found is not None:
            yield found


def _clean(store: Store, run_id: str, older_than: float | None, dry_run: bool) -> Cleaned | None:
    found = store.leftovers(run_id)
    age = time.time() - found.changed
    try:
        record = read_record(store, run_id)
    except UnknownRunError:
        return _without_record(store, run_id, found, age, older_than, dry_run)
    except StoreError as error:
        if not found.recorded:  # the process died while it wrote the first one
            return _without_record(store, run_id, found, age, older_than, dry_run)
        return Cleaned(run_id, LEFT, reason=str(error), failed=True) if found.open else None

    def is_dead(document: Mapping[str, Any]) -> bool:
        return not is_at_work(document.get("process") or {}, found.changed, older_than)

    if not is_dead({"process": record.process}):
        return Cleaned(run_id, LEFT, record.name, record.status, reason=_why_left(record)) if found.open else None
    half = _half_done(found, record)
    closing = found.open or record.end is None
    if not closing and not half:
        return None
    ended = _ended(record, found) if record.end is None else None
    if not dry_run:
        writer = store.take_over(run_id, found.open, is_dead)
        if writer is None:
            return None
        writer.mend(ended.to_json() if ended is not None else None, half)
    status = (ended or record).status
    return Cleaned(run_id, CLOSED if closing else SWEPT, record.name, status, sorted(half), sum(half.values()))


def _without_record(
    store: Store, run_id: str, found: Leftovers, age: float, older_than: float | None, dry_run: bool
) -> Cleaned | None:
    """A folder that was never a run: nothing of it could be read, and nobody knows whose it was."""
    if not found.open:
        return None
    if age < (UNBEGUN if older_than is None else older_than):
        return Cleaned(run_id, LEFT, reason="it has no record, and may be about to get one")
    if not dry_run:
        store.reopen(run_id).discard()
    size = sum((*found.half.values(), *found.packages.values(), *found.unsealed.values()))
    return Cleaned(run_id, REMOVED, freed=size, reason="it never got a record")


def _half_done(found: Leftovers, record: Record) -> dict[str, int]:
    """What to remove of a run: not an artifact that the user has called so, which the record names."""
    half = {**found.half, **found.unsealed} if record.end is None else dict(found.half)
    # a package that was to be removed, by a process that died between saying so and doing it
    half |= {
        name: size for name, size in found.packages.items() if name not in record.models and _is_thinned(record, name)
    }
    whole = {f"artifacts/{name}" for name in record.artifacts}
    return {name: size for name, size in half.items() if name not in whole}


def is_at_work(process: Mapping[str, Any], changed: float, older_than: float | None) -> bool:
    """Whether a run's process may still write it: it lives; or that cannot be told, and it is not old enough."""
    alive = _process.is_alive(dict(process))
    if alive is None:
        return older_than is None or time.time() - changed < older_than
    return alive


def thinned_skip(name: str, reason: str) -> Skip:
    """What a run says of a package that was removed to make room."""
    return Skip("model" if name == "model" else f"model {name}", RULE, reason)


def _is_thinned(record: Record, name: str) -> bool:
    return thinned_skip(name, "")[:2] in {each[:2] for each in record.skipped}


def _ended(record: Record, found: Leftovers) -> Record:
    """The record of a run that its process did not end: KILLED, when it last wrote anything."""
    about = {"flavor": record.flavor, "autologged": False}
    models = {name: record.models.get(name, {**about, "size": size}) for name, size in found.packages.items()}
    reason = "its process ended before the run did"
    return replace(
        record,
        status=KILLED,
        end=datetime.fromtimestamp(min(found.changed, time.time()), UTC).isoformat(timespec="microseconds"),
        models=models,
        skipped=[*record.skipped, Skip("the rest of the recording", "killed", reason)],
    )


def _why_left(record: Record) -> str:
    if _process.is_alive(record.process):
        return "its process is at work"
    host = record.process.get("host")
    return f"whether its process lives can only be told on {host or 'its own host'}"
