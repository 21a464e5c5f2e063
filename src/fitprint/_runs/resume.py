"""Going on in the run that an earlier start of the same job has left unfinished: the setting ``resume``.

The runs of a job name it in the ``process`` of their record, with the start of the job that they belong to. All
processes that one start of the job has started share a variable of the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from fitprint._core.guard import guarded, warn_once
from fitprint._core.job import Job, current_job, launcher_rank
from fitprint._core.privacy import Redactor
from fitprint._core.process import is_alive
from fitprint._core.process_state import on_reset
from fitprint._runs.gc import take_over
from fitprint._runs.history import all_series
from fitprint._runs.lease import is_at_work
from fitprint._runs.record import FINISHED, RUNNING, Record, read_record
from fitprint._runs.writer import RunWriter
from fitprint._settings.parsers import AUTO
from fitprint.stores import OpenRun, Store, StoreError

VARIABLE = "_FITPRINT_START"
"""The variable with the start of the job that this process belongs to."""
STARTS = "job_starts"
"""The tag that says how many starts of a job have written a run."""


class _Start(NamedTuple):
    """The start of a job that this process belongs to."""

    key: str
    """Tells the part of the job that this process is from all other parts: the same in each start of the job."""
    job: Job
    id: str

    def has_ended(self, document: Mapping[str, Any], store: Store, run_id: str) -> bool:
        """Return whether an earlier start of the job has ended with this run, as the scheduler says or can be seen."""
        process: dict[str, Any] = document.get("process") or {}
        if document.get("end") is not None:
            return True
        alive, attempt = is_alive(process), process.get("attempt")
        if alive is not None:
            return not alive
        if self.job.attempt is not None and isinstance(attempt, int) and attempt < self.job.attempt:
            return True
        return self.job.is_alone or is_at_work(process, store, run_id) is False


def writer_to_go_on_with(resume: str, record: Record, store: Store, redactor: Redactor) -> RunWriter | None:
    """Take over the oldest run like the one that begins here which an earlier start of the job has left unfinished.

    Args:
        resume: The value of the setting.
        record: The record of the run that begins. It is noted there which part of which job begins it.
        store: The store.
        redactor: The redactor of the run.

    Returns:
        The writer of the earlier run, which is open again; None if there is none, or if no scheduler names the job.
    """
    start = _start(resume)
    if start is None:
        return None
    like = [record.name, record.flavor, record.experiment, record.parent_id]
    record.process = {
        **record.process, "job": start.key, "attempt": start.job.attempt, "start": start.id, "like": like
    }  # fmt: skip
    with guarded("going on with an earlier run"):
        for run_id in _unfinished(store, start):
            earlier = _taken(store, run_id, start, like)
            if earlier is not None:
                return _writer(*earlier, record, store, redactor)
    return None


def _start(resume: str) -> _Start | None:
    job = current_job() if resume == AUTO else Job("given", resume, is_alone=True)
    if job is None or not job.id:
        return None
    start_id = os.environ.setdefault(VARIABLE, os.urandom(8).hex())
    return _Start(":".join((job.scheduler, job.id, job.task, launcher_rank()[0])), job, start_id)


_runs_before: dict[tuple[str, str], list[str]] = {}
"""The runs that earlier starts of a part of a job have left unfinished, by the store and that part."""


@on_reset
def _forget() -> None:
    _runs_before.clear()
    os.environ.pop(VARIABLE, None)


def _unfinished(store: Store, start: _Start) -> list[str]:
    """Return the runs that earlier starts of the job have left unfinished, as it was when the first run began here."""
    place = (store.location, start.key)
    if place not in _runs_before:
        _runs_before[place] = [run_id for run_id in sorted(store.run_ids()) if _is_unfinished(store, run_id, start)]
    return list(_runs_before[place])


def _is_unfinished(store: Store, run_id: str, start: _Start) -> bool:
    try:
        document = store.read_record(run_id)
    except StoreError:
        return False
    process = document.get("process") or {}
    is_of_earlier_start = process.get("job") == start.key and process.get("start") != start.id
    return is_of_earlier_start and document.get("status") != FINISHED


def _taken(store: Store, run_id: str, start: _Start, like: list[str | None]) -> tuple[Record, OpenRun] | None:
    record = read_record(store, run_id)
    if record.process.get("like") != like:
        return None
    if not start.has_ended(store.read_record(run_id), store, run_id):
        reason = "whether its process has ended cannot be seen yet, so that another run begins"
        warn_once(("resume", run_id), f"an earlier start of this job has left run {run_id} open: {reason}")
        return None
    _runs_before[store.location, start.key].remove(run_id)
    open_run = take_over(store, run_id, lambda document: start.has_ended(document, store, run_id))
    return None if open_run is None else (read_record(store, run_id), open_run)


def _writer(earlier: Record, open_run: OpenRun, record: Record, store: Store, redactor: Redactor) -> RunWriter:
    starts = earlier.tags.get(STARTS, "1")
    again = replace(
        earlier,
        status=RUNNING,
        end=None,
        error=None,
        tags={**earlier.tags, **record.tags, STARTS: str(int(starts) + 1 if starts.isdecimal() else 2)},
        skipped=[skip for skip in earlier.skipped if skip.rule != "killed"],
        process=record.process,
    )
    writer = RunWriter(again, store.location, open_run, redactor)
    writer.steps_before = StepsBefore(open_run)
    return writer


class _Range:
    """The steps that a metric has so far."""

    def __init__(self) -> None:
        self.first, self.last, self.count = float("inf"), float("-inf"), 0

    @property
    def between(self) -> float:
        """The steps between two values, on average; of a single one, as many as came before it."""
        return (self.last - self.first) / (self.count - 1) if self.count > 1 else self.last + 1


class StepsBefore:
    """The steps that the metrics of a continued run already have, by which the new ones are numbered.

    If the training counts from the beginning again, its steps are numbered on from the earlier ones. If it continues to
    count, as many frameworks do from a checkpoint, its steps keep their numbers.
    """

    def __init__(self, open_run: OpenRun) -> None:
        self._ranges: dict[str, _Range] = {}
        self._offsets: dict[str, int] = {}
        for series in all_series(open_run.path):
            known = self._ranges.setdefault(series.name, _Range())
            known.first, known.last = min(known.first, *series.steps), max(known.last, *series.steps)
            known.count += len(series.steps)

    def following(self, name: str, steps: Sequence[int]) -> Sequence[int]:
        """Return the steps that new values of a metric get."""
        offset = self._offsets.get(name)
        if offset is None and steps:
            offset = self._offsets[name] = self._offset(name, steps[0])
        return [step + offset for step in steps] if offset else steps

    def _offset(self, name: str, step: int) -> int:
        own = self._ranges.get(name)
        if own is None or own.last == 0 or step > own.first:  # without steps, all values are of step 0
            return 0
        # a metric of every tenth step follows the metric of every step, because both count the same
        alike = [other for other in self._ranges.values() if own.last <= other.last < own.last + own.between]
        return int(max(other.last for other in (own, *alike)) + 1 - min(other.first for other in (own, *alike)))
