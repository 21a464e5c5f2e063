"""`fitprint runs`: the runs of a store, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import click

from fitprint._runs.comparison import Row, as_tree
from fitprint._runs.run import Run, record_of
from fitprint.cli import options
from fitprint.cli.lookup import Reading, opened_store
from fitprint.cli.render import Page, terminal_width
from fitprint.cli.runs_table import add_runs, plain_lines
from fitprint.cli.texts import as_json as json_text
from fitprint.cli.texts import clean
from fitprint.stores import Store

NEWEST = 50
UNREADABLE = "UNREADABLE"
MOST_ALIGNED = 1_000
"""Runs in an aligned table, which takes half a millisecond for each; more are listed as plain lines."""


@click.command(short_help="List the runs, newest first.")
@options.store
@click.option("--experiment", metavar="NAME", help="List only the runs of this experiment.")
@click.option("--all", "every", is_flag=True, help=f"List all runs, not only the newest {NEWEST}.")
@options.as_json
@click.pass_context
def runs(context: click.Context, store: str | None, experiment: str | None, every: bool, as_json: bool) -> None:
    """List the runs, newest first, each with its children beneath it.

    On a terminal the runs are shown as a table, with as many digits of each id as `fitprint show` needs to find the
    run. In a pipe, and for more than a thousand runs, they are lines of cells between tabs, with whole ids. "took" is
    the time of the training itself; for an open run, it is the time since its start. Runs whose
    records cannot be read come last, with the reason, and the exit status is then 1.
    """
    opened = opened_store(store)
    run_ids = list(opened.run_ids())
    reading = Reading(opened, reports=False)
    listed, more = _newest(reading, run_ids, experiment, every)
    if as_json:
        click.echo(_document(opened, listed, more, reading.faults))
    elif listed or reading.faults:
        _show(as_tree(listed), run_ids, reading.faults)
        if more:
            click.echo(f"{more}: fitprint runs --all", err=terminal_width() is None)
    else:
        of = f" of the experiment {clean(experiment)}" if experiment is not None else ""
        click.echo(f"no runs{of} in {clean(opened.location)}")
    if reading.faults:
        context.exit(1)


def _newest(reading: Reading, run_ids: list[str], experiment: str | None, every: bool) -> tuple[list[Run], str]:
    """Return the runs to list, and a note on those left out; no more runs are read than are needed."""
    if experiment is None:
        listed_ids = run_ids if every else run_ids[:NEWEST]
        left = len(run_ids) - len(listed_ids)
        return list(reading.runs(listed_ids)), f"{left:,} older run{'s' if left > 1 else ''}" if left else ""
    matching = (run for run in reading.runs(run_ids) if run.experiment == experiment)
    if every:
        return list(matching), ""
    newest = list(islice(matching, NEWEST + 1))
    return newest[:NEWEST], f"older runs of {clean(experiment)}" if len(newest) > NEWEST else ""


def _show(rows: Sequence[Row], run_ids: list[str], faults: Sequence[tuple[str, str]]) -> None:
    if terminal_width() is None or len(rows) > MOST_ALIGNED:
        unreadable = (f"{run_id}\t\t\t{UNREADABLE}\t{reason}" for run_id, reason in faults)
        click.echo("\n".join([*(plain_lines(rows) if rows else ()), *unreadable]))
        return
    page = Page(indent=0)
    if rows:
        add_runs(page, rows, run_ids)
    for run_id, reason in faults:
        page.line((f"{run_id}  {UNREADABLE}  {reason}", ""))
    page.print()


def _document(store: Store, listed: Sequence[Run], more: str, faults: Sequence[tuple[str, str]]) -> str:
    """Return the runs as JSON, a line for each: indenting a document of ten thousand runs takes seconds."""
    unreadable = {"unreadable": [{"run_id": run_id, "reason": reason} for run_id, reason in faults]} if faults else {}
    head = json_text({"store": store.location, "more": bool(more), **unreadable}, None)
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
        "models": record_of(run).models,
    }
