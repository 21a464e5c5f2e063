"""Thinning a store: packages go, the least good first, and their runs stay and say so."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from fitprint._runs.gc import LEFT, THINNED, Cleaned, is_at_work, thinned_skip
from fitprint._runs.read import read_record
from fitprint._runs.record import RUNNING, Record, from_json
from fitprint.stores import Store, StoreError, UnknownRunError

_LOWER = (
    "loss",
    "error",
    "err",
    "rmse",
    "mse",
    "mae",
    "mape",
    "msle",
    "deviance",
    "perplexity",
    "brier",
    "time",
    "seconds",
)
_MOST_TRIES = 5


@dataclass(frozen=True)
class Wanted:
    """What is to stay. At least one of ``keep`` and ``max_size`` is given."""

    keep: int | None = None
    """So many packages, the best ones."""
    max_size: int | None = None
    """Bytes that all packages may take together."""
    by: str | None = None
    """The metric that ranks them; by default the newest are the best."""
    lowest: bool | None = None
    """Whether a low value is a good one; None: as the metric's name says."""
    experiment: str | None = None
    """Only the packages of this experiment are ranked, counted and removed."""

    @property
    def is_lowest(self) -> bool:
        return lower_is_better(self.by or "") if self.lowest is None else self.lowest


@dataclass(frozen=True)
class _Package:
    record: Record
    name: str
    size: int
    changed: float


def lower_is_better(metric: str) -> bool:
    """Whether a metric's name says that low values are good: losses, errors, times; not ``neg_`` ones."""
    words = re.findall(r"[a-z]+", metric.lower())
    return "neg" not in words and any(word.endswith(_LOWER) for word in words)


def thin(store: Store, wanted: Wanted, older_than: float | None, dry_run: bool) -> Iterator[Cleaned]:
    """Removes the packages that are not to stay, and says so in their runs.

    Those of runs whose process lives are ranked too, and stay; so do those of which that cannot be told from here,
    unless nothing was written there for ``older_than`` seconds. Raises ValueError for a metric that no run has.
    """
    ranked = _ranked(list(_packages(store, wanted.experiment)), wanted)
    total = sum(each.size for each in ranked)
    for place in range(len(ranked) - 1, -1, -1):
        package, reason = ranked[place], _reason(place, ranked, total, wanted)
        if reason is None:
            break
        if is_at_work(package.record.process, package.changed, older_than):
            yield _told(package, LEFT, "its process may still write it")
            continue
        total -= package.size
        yield _done(store, package, reason, older_than, dry_run)


def _packages(store: Store, experiment: str | None) -> Iterator[_Package]:
    for run_id in store.run_ids():
        try:
            record, found = read_record(store, run_id), store.leftovers(run_id)
        except StoreError:  # gone since it was listed, or broken: cleaning has said it
            continue
        if experiment is None or record.experiment == experiment:
            sizes = found.packages
            yield from (_Package(record, name, sizes[name], found.changed) for name in record.models if name in sizes)


def _ranked(packages: list[_Package], wanted: Wanted) -> list[_Package]:
    """The best first; of equal ones the newest, and those without the metric last."""
    by = wanted.by
    packages.sort(key=lambda each: each.record.run_id, reverse=True)
    if by is None:
        return packages
    if packages and not any(by in each.record.metrics for each in packages):
        known = sorted({name for each in packages for name in each.record.metrics})
        raise ValueError(f"no run with a package has a metric {by!r}; there are: {', '.join(known) or 'none'}")

    def place(each: _Package) -> float:
        value = each.record.metrics.get(by, math.nan)
        return math.inf if math.isnan(value) else value if wanted.is_lowest else -value

    return sorted(packages, key=lambda each: (by not in each.record.metrics, place(each)))


def _reason(place: int, ranked: Sequence[_Package], total: int, wanted: Wanted) -> str | None:
    """Why the package at a place goes, or None; ``total``: the bytes of those that are still there."""
    metrics = ranked[place].record.metrics
    value = f"{metrics[wanted.by]:.6g}" if wanted.by in metrics else "none"
    rank = f"{place + 1:,} of {len(ranked):,} by {f'{wanted.by} ({value})' if wanted.by else 'age, the newest first'}"
    if wanted.keep is not None and place >= wanted.keep:
        return f"{rank}: {wanted.keep:,} were kept"
    if wanted.max_size is not None and total > wanted.max_size:
        return f"{rank}: all packages together were over {wanted.max_size:,} bytes"
    return None


def _done(store: Store, package: _Package, reason: str, older_than: float | None, dry_run: bool) -> Cleaned:
    run_id, name = package.record.run_id, package.name
    today = datetime.now(UTC).date().isoformat()
    if dry_run:
        return _told(package, THINNED, reason)

    def is_dead(document: Mapping[str, Any]) -> bool:
        return not is_at_work(document.get("process") or {}, package.changed, older_than)

    try:
        for _ in range(_MOST_TRIES):  # another may have written its own record at the same moment, without this change
            writer = store.take_over(run_id, was_open=False, is_dead=is_dead)
            if writer is None:
                return _told(package, LEFT, "it was reopened or moved meanwhile")
            record = from_json(store.read_record(run_id))
            if record.status == RUNNING and not is_dead({"process": record.process}):
                return _told(package, LEFT, "it was reopened meanwhile")
            models = {each: about for each, about in record.models.items() if each != name}
            skip = thinned_skip(name, f"removed by fitprint gc on {today}: {reason}")
            skipped = [each for each in record.skipped if each[:2] != skip[:2]]
            writer.mend(replace(record, models=models, skipped=[*skipped, skip]).to_json(), [name])
            if name not in read_record(store, run_id).models:
                break
    except UnknownRunError:
        return _told(package, LEFT, "it is gone")
    except OSError as error:
        return replace(_told(package, LEFT, error.strerror or str(error)), failed=True)
    return _told(package, THINNED, reason)


def _told(package: _Package, did: str, reason: str) -> Cleaned:
    record = package.record
    gone = did == THINNED
    removed, freed = ([package.name], package.size) if gone else ([], 0)
    return Cleaned(record.run_id, did, record.name, record.status, removed, freed, reason)
