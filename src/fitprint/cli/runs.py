"""`fitprint runs`: the runs of a store, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import click

from fitprint._runs.run import Run
from fitprint.cli import options, run_rows
from fitprint.cli.finding import Reading, opened_store
from fitprint.cli.screen import Screen
from fitprint.cli.texts import as_json as json_text
from fitprint.cli.texts import clean
from fitprint.stores import Store

NEWEST = 50


@click.command()
@options.store
@click.option("--experiment", metavar="NAME", help="Only the runs of this experiment.")
@click.option("--all", "every", is_flag=True, help=f"All runs, not only the newest {NEWEST}.")
@options.as_json
@click.pass_context
def runs(context: click.Context, store: str | None, experiment: str | None, every: bool, as_json: bool) -> None:
    """List runs, newest first, children beneath their parent.

    On a terminal the run column has as many digits of the id as `fitprint show` needs to find the run; piped, ids
    are whole. "took" is the time of the training itself, and for an open run its age.
    """
    opened = opened_store(store)
    run_ids = list(opened.run_ids())
    reading = Reading(opened)
    listed, more = _newest(reading, run_ids, experiment, every)
    if as_json:
        click.echo(_document(opened, listed, more))
    elif listed:
        screen = Screen.of_stdout()
        digits = run_rows.id_digits((run.run_id for run in listed), run_ids)
        click.echo("\n".join(run_rows.lines(run_rows.as_tree(listed), screen, digits)), color=screen.colour)
        if more:
            click.echo(f"{more}: fitprint runs --all", err=screen.width is None)
    else:
        of = f" of the experiment {clean(experiment)}" if experiment is not None else ""
        click.echo(f"no runs{of} in {clean(opened.location)}")
    if reading.broken:
        context.exit(1)


def _newest(reading: Reading, run_ids: list[str], experiment: str | None, every: bool) -> tuple[list[Run], str]:
    """The runs to list, and what to say of those left out; no more are read than it takes."""
    if experiment is None:
        wanted = run_ids if every else run_ids[:NEWEST]
        left = len(run_ids) - len(wanted)
        return list(reading.runs(wanted)), f"{left:,} older run{'s' if left > 1 else ''}" if left else ""
    matching = (run for run in reading.runs(run_ids) if run.experiment == experiment)
    if every:
        return list(matching), ""
    found = list(islice(matching, NEWEST + 1))
    return found[:NEWEST], f"older runs of {clean(experiment)}" if len(found) > NEWEST else ""


def _document(store: Store, listed: Sequence[Run], more: str) -> str:
    """A line per run: an indented document of ten thousand takes seconds to write."""
    head = json_text({"store": store.location, "more": bool(more)}, None)
    rows = ",\n  ".join(json_text(_row(run), None) for run in listed)
    return f'{head[:-1]}, "runs": [\n  {rows}\n]}}' if listed else f'{head[:-1]}, "runs": []}}'


def _row(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "name": run.name,
        "flavor": run.flavor,
        "status": run.status,
        "experiment": run.experiment,
        "parent_id": run.parent_id,
        "start": run.start_time,
        "end": run.end_time,
        "seconds": run.seconds,
        "metrics": run.metrics,
        "params": run.params,
        "tags": run.tags,
        "models": run.record.models,
    }
