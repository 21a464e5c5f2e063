"""Reading runs from a store: one by its id, all of them as a list, or as a DataFrame."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from fitprint._core import html
from fitprint._runs.comparison import Comparison, as_tree, branch
from fitprint._runs.merge import read_whole_record
from fitprint._runs.run import Run, read_runs, record_of
from fitprint._settings.layers import current
from fitprint.stores import Store, StoreError, open_store
from fitprint.stores.layout import OPEN, RECORD, RUN_ID
from fitprint.stores.run_folder import is_run_folder

if TYPE_CHECKING:
    import pandas

_COLUMNS = [
    "run_id",
    "run_name",
    "status",
    "experiment",
    "experiment_id",
    "parent_id",
    "start_time",
    "end_time",
    "artifact_uri",
]


class RunList(list[Run]):
    """A list of runs, newest first, which a notebook shows as a table."""

    __module__ = "fitprint"  # where users import it from, and what pickles name

    def __repr__(self) -> str:
        records = [record_of(run) for run in self]
        name = Comparison(records).name  # which tells the candidates of a search apart
        first = ", ".join(f"{name(record)} {record.status}" for record in records[:3])
        return f"<{len(self)} runs{': ' + first if first else ''}{', ...' if len(self) > 3 else ''}>"

    def _repr_html_(self) -> str:
        comparison = Comparison([record_of(run) for run in self])
        rows = []
        for run, depth in as_tree(self):
            record = record_of(run)
            name, start = branch(depth) + comparison.name(record), record.start[:16].replace("T", " ")
            rows.append((record.run_id, name, *comparison.cells(record), record.status, start))
        return html.table(("run", "name", *comparison.head, "status", "start"), rows)


def configured_store(store: str | None = None) -> Store:
    """Return the store at a location, or the configured one if that is None."""
    return open_store(store if store is not None else current().settings().store)


def read_run(location: str, run_id: str) -> Run:
    """Read a run of a store by its whole id.

    Raises:
        StoreError: If the store has no such run, or its record is broken.
    """
    store = open_store(location)
    return Run(read_whole_record(store, run_id), store)


def run_of_folder(folder: str | os.PathLike[str]) -> Run:
    """Read the run in a folder: one of a store, or one that was copied or renamed.

    Raises:
        StoreError: If the folder holds no run, or the record of the run is broken.
    """
    path = Path(folder).resolve()
    if not is_run_folder(path):
        raise StoreError(f"{folder} is not the folder of a run: it has no {RECORD}")
    place = path.parent.parent if path.parent.name == OPEN else path.parent
    store = open_store(str(place if RUN_ID.fullmatch(path.name) else path))
    return read_run(store.location, path.name if store.location == str(place) else next(store.run_ids()))


def get_run(run_id: str | os.PathLike[str], store: str | None = None) -> Run:
    """Return a run of the store.

    Args:
        run_id: The id of the run, or the beginning of an id that no other run has. Also the folder of a run, which may
            be a copy of it outside of any store, or have another name.
        store: The location of the store, by default the configured one.

    Returns:
        The run, to read. Use `fitprint.start_run` with `run_id` to add to it.

    Raises:
        StoreError: If there is no such run, if several ids begin like that, or if the record of the run is broken.
    """
    if not isinstance(run_id, str) or os.sep in run_id:
        return run_of_folder(run_id)
    opened = configured_store(store)
    if len(run_id) < 32:
        matching = [full_id for full_id in opened.run_ids() if full_id.startswith(run_id)]
        if len(matching) != 1 or not run_id:
            count = f"{len(matching)} runs begin with" if matching else "no run"
            raise StoreError(f"{count} {run_id!r} in {opened.location}")
        run_id = matching[0]
    return Run(read_whole_record(opened, run_id), opened)


def runs(store: str | None = None, experiment: str | None = None, *, newest: int | None = None) -> RunList:
    """Return the runs of a store, newest first.

    Args:
        store: The location of the store, by default the configured one.
        experiment: Return only the runs with this label of the experiment.
        newest: Return at most this number of runs.

    Returns:
        The runs. A run whose record is broken is left out, with one warning.

    Raises:
        StoreError: If the store cannot be read.
    """
    matching = (run for run in _read(store) if experiment is None or run.experiment == experiment)
    return RunList(islice(matching, newest))


@overload
def search_runs(
    experiment_names: str | Sequence[str] | None = None,
    *,
    experiment_ids: Sequence[str] | None = None,
    store: str | None = None,
    max_results: int | None = None,
    output_format: Literal["pandas"] = "pandas",
    **mlflow: Any,
) -> pandas.DataFrame: ...


@overload
def search_runs(
    experiment_names: str | Sequence[str] | None = None,
    *,
    experiment_ids: Sequence[str] | None = None,
    store: str | None = None,
    max_results: int | None = None,
    output_format: Literal["list"],
    **mlflow: Any,
) -> RunList: ...


def search_runs(
    experiment_names: str | Sequence[str] | None = None,
    *,
    experiment_ids: Sequence[str] | None = None,
    store: str | None = None,
    max_results: int | None = None,
    output_format: Literal["pandas", "list"] = "pandas",
    **mlflow: Any,
) -> pandas.DataFrame | RunList:
    """Return the runs of a store as a DataFrame with the column names of MLflow.

    Args:
        experiment_names: Return only the runs with this label of the experiment, or with one of these labels.
        experiment_ids: The same: the label of an experiment is its id.
        store: The location of the store, by default the configured one.
        max_results: Return at most this number of runs.
        output_format: ``pandas`` for a DataFrame, or ``list`` for a list of runs.
        **mlflow: The other arguments of MLflow's function. They are ignored, except those that would change the
            result.

    Returns:
        A row per run, newest first, with ``run_id``, ``status``, ``params.x``, ``metrics.x`` and other columns; or a
        list of runs.

    Raises:
        TypeError: If ``filter_string`` or ``order_by`` is given.
        ValueError: If both kinds of labels are given, or the output format is unknown.
        StoreError: If the store cannot be read.
    """
    if experiment_names is not None and experiment_ids is not None:
        raise ValueError("search_runs() takes either experiment_names or experiment_ids, not both")
    if output_format not in ("pandas", "list"):
        raise ValueError(f"output_format must be 'pandas' or 'list', not {output_format!r}")
    if refused := [name for name in ("filter_string", "order_by") if mlflow.get(name)]:
        raise TypeError(f"search_runs() does not read {', '.join(refused)}: filter and sort the DataFrame it returns")
    labels = experiment_names if experiment_ids is None else experiment_ids
    names = [labels] if isinstance(labels, str) else labels
    matching = islice((run for run in _read(store) if not names or run.experiment in names), max_results)
    if output_format == "list":
        return RunList(matching)
    import pandas

    rows = [_row(run) for run in matching]
    frame = pandas.DataFrame(rows, columns=None if rows else _COLUMNS)
    for name in ("start_time", "end_time"):
        frame[name] = pandas.to_datetime(frame[name], utc=True, format="ISO8601", errors="coerce")
    return frame


def _read(store: str | None) -> Iterator[Run]:
    return read_runs(configured_store(store))


def _row(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "run_name": run.name,
        "status": run.status,
        "experiment": run.experiment,
        "experiment_id": run.experiment,
        "parent_id": run.parent_id,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "artifact_uri": run.info.artifact_uri,
        **{f"metrics.{name}": value for name, value in run.metrics.items()},
        **{f"params.{name}": value for name, value in run.params.items()},
        **{f"tags.{name}": value for name, value in run.data.tags.items()},
    }
