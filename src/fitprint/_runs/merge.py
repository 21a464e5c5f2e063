"""Reading a run as a whole: its record, and what other processes have added to the run in their side files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fitprint._runs import side_file
from fitprint._runs.history import count_values, last_times, read_points, read_series, spread
from fitprint._runs.lease import is_at_work
from fitprint._runs.record import GC, KILLED, RUNNING, Record, Skip, iso_time, model_skip, read_record
from fitprint._runs.series import Series
from fitprint._runs.side_file import SideLine, read_side_lines
from fitprint.stores import Store


def read_whole_record(store: Store, run_id: str) -> Record:
    """Read the record of a run, with what other processes have added to the run.

    Raises:
        UnknownRunError: If the store has no such run.
        StoreError: If the record is broken or cannot be read.
    """
    return whole_record(read_record(store, run_id), store)


def whole_record(record: Record, store: Store) -> Record:
    """Return a record with what other processes have added to the run; the record itself if they have added nothing.

    A param keeps its first value, which is that of the record if it has one, unless a process that has opened the run
    again after its end changes it. Of a tag, of a metric and of the name of the run the latest value counts.

    Raises:
        UnknownRunError: If the store has no such run.
        StoreError: If a side file cannot be read.
    """
    lines = read_side_lines(store, record.run_id)
    if not lines:
        return record
    whole = replace(
        record,
        params=dict(record.params),
        default_params=dict(record.default_params),
        metrics=dict(record.metrics),
        evaluations=dict(record.evaluations),
        tags=dict(record.tags),
        artifacts=list(record.artifacts),
        models=dict(record.models),
        skipped=list(record.skipped),
    )
    _add_params(whole, lines)
    _add_metrics(whole, lines, store)
    for line in lines:
        _add_other(whole, line)
    whole.artifacts = list(dict.fromkeys(whole.artifacts))
    _add_status(whole, lines, store)
    return whole


def read_history(store: Store, run_id: str, name: str, most: int | None = None) -> list[tuple[int, float]]:
    """Read the values of one metric as (step, value), those of other processes too.

    Args:
        store: The store.
        run_id: The id of the run.
        name: The name of the metric.
        most: How many values are read at most, evenly spread over the history; None for all of them.

    Raises:
        UnknownRunError: If the store has no such run.
        StoreError: If a file of the run cannot be read.
    """
    folder, added = store.folder(run_id), _side_series(store, run_id, name)
    history = _read_history(folder, name, most, added)
    if not history and not folder.is_dir():  # the run was moved since its folder was looked up
        return _read_history(store.folder(run_id), name, most, added)
    return history


def _read_history(folder: Path, name: str, most: int | None, added: list[Series]) -> list[tuple[int, float]]:
    if most is not None and not added:
        return read_points(folder, name, most)
    history = [*read_series(folder, name), *added]
    points = [point for series in history for point in zip(series.steps, series.values, strict=True)]
    if added:
        times = [time for series in history for time in series.times]
        points = [points[position] for position in sorted(range(len(points)), key=times.__getitem__)]
    return points if most is None else [points[position] for position in spread(len(points), most)]


def count_steps(store: Store, run_id: str) -> dict[str, int]:
    """Return how many values each metric of a run has, those of other processes too."""
    counts = count_values(store.folder(run_id))
    for series in _side_series(store, run_id):
        counts[series.name] = counts.get(series.name, 0) + len(series.values)
    return counts


def _side_series(store: Store, run_id: str, name: str | None = None) -> list[Series]:
    lines = read_side_lines(store, run_id)
    return [line.value for line in lines if line.kind == side_file.METRIC and name in (None, line.name)]


def _add_params(whole: Record, lines: Sequence[SideLine]) -> None:
    writers: dict[str, str] = {}
    resumed: set[str] = set()
    for line in lines:
        if line.kind == side_file.BEGIN:
            resumed.add(line.writer)
        if line.kind != side_file.PARAM:
            continue
        if line.name not in whole.params or writers.get(line.name) == line.writer or line.writer in resumed:
            whole.params[line.name], writers[line.name] = line.value, line.writer
            whole.default_params.pop(line.name, None)
        elif whole.params[line.name] != line.value:
            reason = (
                f"another process had already logged another value before {line.writer} logged {str(line.value)[:80]!r}"
            )
            _add_skip(whole, Skip(f"a value of param {line.name}", "several writers", reason))


def _add_metrics(whole: Record, lines: Sequence[SideLine], store: Store) -> None:
    last: dict[str, Series] = {}
    for line in lines:
        if line.kind == side_file.METRIC and (
            line.name not in last or line.value.times[-1] >= last[line.name].times[-1]
        ):
            last[line.name] = line.value
    own = last_times(store.folder(whole.run_id)) if last.keys() & whole.metrics.keys() else {}
    for name, series in last.items():
        if name not in whole.metrics or series.times[-1] >= own.get(name, 0.0):
            whole.metrics[name] = series.values[-1]


def _add_other(whole: Record, line: SideLine) -> None:
    match line.kind:
        case side_file.TAG if line.time >= whole.tag_times.get(line.name, 0.0):
            whole.tags[line.name] = line.value
        case side_file.NAME:
            whole.name = line.value
        case side_file.ARTIFACT:
            whole.artifacts.append(line.name)
        case side_file.SKIP:
            _add_skip(whole, Skip(line.name, *line.value))
        case side_file.EVALUATION:
            whole.evaluations[line.name] = line.value
        case side_file.MODEL if not _is_removed(whole, line.name):
            whole.models[line.name] = line.value


def _add_skip(whole: Record, skip: Skip) -> None:
    if skip not in whole.skipped:
        whole.skipped.append(skip)


def _is_removed(record: Record, model: str) -> bool:
    """Return whether the cleanup has removed a package. It notes that in the record."""
    return model_skip(model, GC, "")[:2] in {skip[:2] for skip in record.skipped}


def _add_status(whole: Record, lines: Sequence[SideLine], store: Store) -> None:
    """Set the status and the end of a run that other processes have opened again after its end."""
    if whole.end is None:
        return
    for writer in dict.fromkeys(line.writer for line in lines if line.kind == side_file.BEGIN):
        of_writer = [line for line in lines if line.writer == writer]
        begun = [line for line in of_writer if line.kind == side_file.BEGIN]
        ended = [line for line in of_writer if line.kind == side_file.END]
        if len(ended) >= len(begun):
            _end(whole, ended[-1].time, ended[-1].value)
        elif is_at_work(begun[-1].value, store, whole.run_id, writer) is not False:
            whole.status, whole.end = RUNNING, None
            return
        else:
            _end(whole, of_writer[-1].time, KILLED)


def _end(whole: Record, time: float, status: str) -> None:
    end = iso_time(time)
    if whole.end is not None and end >= whole.end:
        whole.status, whole.end = status, end
