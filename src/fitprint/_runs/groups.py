"""The runs below a group, such as the trials of a study: the best ones stay, the others are removed.

A run is removed together with all runs below it, unless a user has begun one of them, or has logged something to one or
saved a model in one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fitprint._core.locks import fork_safe_lock
from fitprint._core.signal_handlers import own
from fitprint._runs import index as run_index
from fitprint._runs import predictions, scores, waiting
from fitprint._runs.record import read_record
from fitprint._runs.run import Run, record_of, writer_of
from fitprint.stores import Store, StoreError


class Group:
    """What is known of the runs below one run. It is the `RunWriter.group` of that run."""

    def __init__(self) -> None:
        self.is_open = False
        """Whether the call that groups is going on."""
        self.below: list[Run] = []
        """The runs that this process has begun below the run in such a call, as long as they are not removed."""
        self.removed: set[str] = set()
        """The ids of the runs that were removed, and of those below them."""
        self._ranked: list[tuple[Any, Run]] = []
        self._lock = fork_safe_lock()

    def add_ranked(self, rank: Any, run: Run, most: int, worst: Callable[[Sequence[Any]], int]) -> None:
        """Take note of a run below that has ended, and remove the worst one if there are too many now.

        Args:
            rank: Its place among the others.
            run: The run.
            most: How many runs stay.
            worst: Returns which of several ranks, in the order in which the runs ended, is the worst.

        Raises:
            OSError: A run cannot be removed.
        """
        with self._lock:  # several threads may end runs at the same time
            self._ranked.append((rank, run))
            if len(self._ranked) <= most:
                return
            _, worst_run = self._ranked.pop(worst([rank for rank, _ in self._ranked]))
        tree = list(_tree(worst_run))
        if not any(_must_stay(run) for run in tree):
            self.removed.update(run.run_id for run in tree)
            self.below.remove(worst_run)
            for run in tree:
                _remove(run)

    def remove_of_other_processes(self, store: Store, since: str) -> None:
        """Remove what other processes have recorded below runs that were removed.

        Args:
            store: The store.
            since: The id of the run that all of this is below.

        Raises:
            OSError: A run cannot be removed.
        """
        newer = [run_id for run_id in store.run_ids() if run_id > since and run_id not in self.removed]
        for run_id in reversed(newer):  # a run is younger than the run that it is below
            try:
                record = read_record(store, run_id)
            except own(StoreError):
                continue
            if record.parent_id in self.removed and record.end is not None and record.flavor is not None:
                self.removed.add(run_id)
                store.reopen(run_id).discard()


def _tree(run: Run) -> Iterator[Run]:
    """Yield the runs below a run, and then the run itself."""
    group: Group | None = writer_of(run).group
    for run_below in group.below if group is not None else ():
        yield from _tree(run_below)
    yield run


def _must_stay(run: Run) -> bool:
    """Return whether a user has begun a run or added to it, or whether it is still open."""
    record, writer = record_of(run), writer_of(run)
    has_own_models = any(not about.get("autologged") for about in record.models.values())
    return record.flavor is None or writer.changed_by_user or has_own_models or not writer.closed


def _remove(run: Run) -> None:
    writer = writer_of(run)
    run_index.drop_run(run)
    predictions.forget_run(run)
    scores.forget(run)
    waiting.forget(writer)
    writer.discard()
