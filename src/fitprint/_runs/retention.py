"""Removing packages from a store, the worst ones first. Their runs stay, and have the reason in `skipped`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from fitprint._core.signal_handlers import own
from fitprint._runs.gc import LEFT, THINNED, Cleaned, may_be_written, thinned_skip
from fitprint._runs.merge import read_whole_record
from fitprint._runs.record import RUNNING, Record, from_json, read_record
from fitprint.stores import Store, StoreError, UnknownRunError

_LOWER_IS_BETTER = (
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
"""The ends of words in the name of a metric that say that low values are good."""
_MOST_TRIES = 5


@dataclass(frozen=True)
class RetentionPolicy:
    """Which packages stay. At least one of `keep` and `max_size` is given."""

    keep: int | None = None
    """The number of packages that stay, the best ones."""
    max_size: int | None = None
    """The bytes that all packages may have together."""
    by: str | None = None
    """The metric that ranks the packages. By default the newest ones are the best."""
    lowest: bool | None = None
    """Whether low values of the metric are good. None: the name of the metric decides."""
    experiment: str | None = None
    """Only packages of this experiment are ranked, counted and removed."""

    @property
    def is_lowest(self) -> bool:
        """Whether low values of the metric are good."""
        return lower_is_better(self.by or "") if self.lowest is None else self.lowest


@dataclass(frozen=True)
class _Package:
    record: Record
    name: str
    size: int
    changed: float


def lower_is_better(metric: str) -> bool:
    """Return whether the name of a metric says that low values are good: losses, errors, times; not ``neg_`` ones."""
    words = re.findall(r"[a-z]+", metric.lower())
    return "neg" not in words and any(word.endswith(_LOWER_IS_BETTER) for word in words)


def thin(store: Store, policy: RetentionPolicy, older_than: float | None, dry_run: bool) -> Iterator[Cleaned]:
    """Remove the packages that should not stay, and add a skip with the reason to their runs.

    The packages of runs whose process is alive are ranked too, but stay.

    Args:
        store: The store.
        policy: Which packages stay.
        older_than: Also remove packages from runs of other hosts, whose process cannot be checked from here, if nothing
            was written to them for this number of seconds.
        dry_run: Change nothing.

    Yields:
        What was done, for each package that should not stay.

    Raises:
        ValueError: If no run with a package has the metric.
    """
    ranked = _ranked(list(_packages(store, policy.experiment)), policy)
    total = sum(package.size for package in ranked)
    for rank in range(len(ranked) - 1, -1, -1):
        package, reason = ranked[rank], _reason(rank, ranked, total, policy)
        if reason is None:
            break
        if may_be_written(package.record.process, store, package.record.run_id, package.changed, older_than):
            yield _cleaned(package, LEFT, "its process may still write it")
            continue
        total -= package.size
        yield _remove(store, package, reason, older_than, dry_run)


def _packages(store: Store, experiment: str | None) -> Iterator[_Package]:
    for run_id in store.run_ids():
        try:
            record, leftovers = read_whole_record(store, run_id), store.leftovers(run_id)
        except StoreError:  # removed since it was listed, or broken, which the cleanup before has reported
            continue
        if experiment is None or record.experiment == experiment:
            sizes = leftovers.packages
            yield from (
                _Package(record, name, sizes[name], leftovers.changed) for name in record.models if name in sizes
            )


def _ranked(packages: list[_Package], policy: RetentionPolicy) -> list[_Package]:
    """Return the packages, the best first: of equal ones the newest first, and those without the metric last."""
    by = policy.by
    packages.sort(key=lambda package: package.record.run_id, reverse=True)
    if by is None:
        return packages
    if packages and not any(by in package.record.metrics for package in packages):
        names = sorted({name for package in packages for name in package.record.metrics})
        raise ValueError(f"no run with a package has a metric {by!r}; there are: {', '.join(names) or 'none'}")

    def key(package: _Package) -> tuple[bool, float]:
        value = package.record.metrics.get(by, math.nan)
        signed = math.inf if math.isnan(value) else value if policy.is_lowest else -value
        return by not in package.record.metrics, signed

    return sorted(packages, key=key)


def _reason(rank: int, ranked: Sequence[_Package], total: int, policy: RetentionPolicy) -> str | None:
    """Return why the package at a rank is removed, or None. `total`: the bytes of the packages that still exist."""
    metrics = ranked[rank].record.metrics
    value = f"{metrics[policy.by]:.6g}" if policy.by in metrics else "none"
    by = f"{policy.by} ({value})" if policy.by else "age, the newest first"
    place = f"{rank + 1:,} of {len(ranked):,} by {by}"
    if policy.keep is not None and rank >= policy.keep:
        return f"{place}: {policy.keep:,} were kept"
    if policy.max_size is not None and total > policy.max_size:
        return f"{place}: all packages together were over {policy.max_size:,} bytes"
    return None


def _remove(store: Store, package: _Package, reason: str, older_than: float | None, dry_run: bool) -> Cleaned:
    run_id, name = package.record.run_id, package.name
    today = datetime.now(UTC).date().isoformat()
    if dry_run:
        return _cleaned(package, THINNED, reason)

    def is_dead(document: Mapping[str, Any]) -> bool:
        return not may_be_written(document.get("process") or {}, store, run_id, package.changed, older_than)

    try:
        for _ in range(
            _MOST_TRIES
        ):  # another cleanup may write its own record, without this change, at the same moment
            open_run = store.take_over(run_id, was_open=False, is_dead=is_dead)
            if open_run is None:
                return _cleaned(package, LEFT, "it was reopened or moved in the meantime")
            record = from_json(store.read_record(run_id))
            if record.status == RUNNING and not is_dead({"process": record.process}):
                return _cleaned(package, LEFT, "it was reopened in the meantime")
            models = {other: about for other, about in record.models.items() if other != name}
            skip = thinned_skip(name, f"removed by fitprint gc on {today}: {reason}")
            skipped = [other for other in record.skipped if other[:2] != skip[:2]]
            open_run.mend(replace(record, models=models, skipped=[*skipped, skip]).to_json(), [name])
            if name not in read_record(store, run_id).models:
                break
    except UnknownRunError:
        return _cleaned(package, LEFT, "the run does not exist any more")
    except own(OSError) as error:
        return replace(_cleaned(package, LEFT, error.strerror or str(error)), failed=True)
    return _cleaned(package, THINNED, reason)


def _cleaned(package: _Package, did: str, reason: str) -> Cleaned:
    record = package.record
    removed, freed = ([package.name], package.size) if did == THINNED else ([], 0)
    return Cleaned(record.run_id, did, record.name, record.status, removed, freed, reason)
