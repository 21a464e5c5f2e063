"""Reading runs back from a store."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from fitprint._core import html as _html
from fitprint._core.guard import warn_once
from fitprint._runs.record import Record, from_json
from fitprint._runs.run import Run
from fitprint._settings.layers import current
from fitprint.stores import Store, StoreError, UnknownRunError, open_store

if TYPE_CHECKING:
    import pandas


class RunList(list[Run]):
    """Runs, newest first; a table in a notebook."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{run.name} {run.status}" for run in self[:3])
        return f"<{len(self)} runs{': ' + shown if shown else ''}{', ...' if len(self) > 3 else ''}>"

    def _repr_html_(self) -> str:
        return _html.runs(self)


def configured_store(store: str | None = None) -> Store:
    """The store named, else the one the settings name."""
    return open_store(store if store is not None else current().settings().store)


def read_run(location: str, run_id: str) -> Run:
    """A run of a store. Raises StoreError for an unknown id or a broken record."""
    store = open_store(location)
    return Run(read_record(store, run_id), store)


def get_run(run_id: str, store: str | None = None) -> Run:
    """The run with an id, or with the only id that begins so. Raises StoreError when there is none, or several."""
    opened = configured_store(store)
    if len(run_id) < 32:
        found = [each for each in opened.run_ids() if each.startswith(run_id)]
        if len(found) != 1 or not run_id:
            many = f"{len(found)} runs begin with" if found else "no run"
            raise StoreError(f"{many} {run_id!r} in {opened.location}")
        run_id = found[0]
    return Run(read_record(opened, run_id), opened)


def iterate(store: Store, experiment: str | None = None) -> Iterator[Run]:
    """The runs of a store, newest first; one whose record is broken is told once and passed over."""
    for run_id in store.run_ids():
        try:
            run = Run(read_record(store, run_id), store)
        except UnknownRunError:  # removed since it was listed, or not begun to the end
            continue
        except StoreError as error:
            warn_once(("store", run_id), str(error))
            continue
        if experiment is None or run.experiment == experiment:
            yield run


def runs(store: str | None = None, experiment: str | None = None, *, newest: int | None = None) -> RunList:
    """The runs of a store (by default the configured one), newest first; ``newest``: at most so many."""
    return RunList(islice(iterate(configured_store(store), experiment), newest))


def children_of(store: Store, run_id: str) -> list[Run]:
    """The runs of a parent, oldest first. Ids sort by time, so none older than the parent is read."""
    found = []
    for run in iterate(store):
        if run.run_id <= run_id:
            break
        if run.parent_id == run_id:
            found.append(run)
    return found[::-1]


def search_runs(
    experiment_names: str | list[str] | None = None,
    *,
    store: str | None = None,
    max_results: int | None = None,
    **mlflow: Any,
) -> pandas.DataFrame:
    """The runs as a DataFrame with MLflow's column names: ``run_id``, ``status``, ``params.x``, ``metrics.x``...

    Of MLflow's other arguments those that would change the answer (``filter_string``, ``order_by``) raise TypeError.
    """
    import pandas

    if refused := [name for name in ("filter_string", "order_by") if mlflow.get(name)]:
        raise TypeError(f"search_runs() does not read {', '.join(refused)}: filter and sort the DataFrame it returns")
    names = [experiment_names] if isinstance(experiment_names, str) else experiment_names
    found = (run for run in iterate(configured_store(store)) if not names or run.experiment in names)
    rows = [_row(run) for run in islice(found, max_results)]
    columns = [
        "run_id",
        "run_name",
        "status",
        "experiment",
        "parent_id",
        "start_time",
        "end_time",
        "artifact_uri",
    ]
    frame = pandas.DataFrame(rows, columns=None if rows else columns)
    for name in ("start_time", "end_time"):
        frame[name] = pandas.to_datetime(frame[name], utc=True, format="ISO8601", errors="coerce")
    return frame


def _row(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "run_name": run.name,
        "status": run.status,
        "experiment": run.experiment,
        "parent_id": run.parent_id,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "artifact_uri": run.info.artifact_uri,
        **{f"metrics.{name}": value for name, value in run.metrics.items()},
        **{f"params.{name}": value for name, value in run.params.items()},
        **{f"tags.{name}": value for name, value in run.tags.items()},
    }


def read_record(store: Store, run_id: str) -> Record:
    """The record of a run; raises StoreError for an unknown run or a broken record."""
    document = store.read_record(run_id)
    try:
        return from_json(document)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise StoreError(f"the record of run {run_id} in {store.location} is broken: {error}") from None
