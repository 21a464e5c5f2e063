"""`fitprint show --follow`: the metrics of a run, while another process is training."""

from __future__ import annotations

import time
from collections.abc import Iterable

import click

from fitprint._runs.follow import RunFollower
from fitprint._runs.history import spread
from fitprint._runs.known_metrics import deciding_metric
from fitprint._runs.merge import read_whole_record
from fitprint._runs.record import RUNNING, Record
from fitprint._runs.series import Series
from fitprint.cli.texts import as_json as json_text
from fitprint.cli.texts import clean, number_text
from fitprint.stores import Store

SECONDS_BETWEEN_LOOKS = 0.5
MOST_LINES = 5
"""The lines for a reader at each look: of more steps as many, evenly spread."""


def follow_run(store: Store, run_id: str, as_json: bool) -> None:
    """Print what is added to a run until it ends, or until the user interrupts this.

    Args:
        store: The store of the run.
        run_id: The id of the run.
        as_json: Whether each value is one line of JSON, from the first one on. Otherwise lines for a reader are
            printed, which begin with the last value of each metric so far.
    """
    follower = RunFollower(store, run_id)
    try:
        if not as_json:
            follower.skip()
            record = read_whole_record(store, run_id)
            click.echo(f"{clean(record.name)} {record.status}  {clean(store.folder(run_id))}")
            _print_values("so far", record.metrics.items())
        while True:
            news = follower.news()
            _print_json(news.series) if as_json else _print_steps(news.series)
            if news.is_all and news.record.status != RUNNING:
                break
            if news.is_all:
                time.sleep(SECONDS_BETWEEN_LOOKS)
    except KeyboardInterrupt:  # the way to end this while the run goes on
        return
    if not as_json:
        _print_end(news.record)


def _print_json(added: Iterable[Series]) -> None:
    for series in added:
        for step, value, moment in zip(series.steps, series.values, series.times, strict=True):
            document = {"name": series.name, "step": step, "value": value, "time": round(moment, 3)}
            click.echo(json_text(document, indent=None))


def _print_steps(added: Iterable[Series]) -> None:
    steps: dict[int, dict[str, float]] = {}
    for series in added:
        for step, value in zip(series.steps, series.values, strict=True):
            steps.setdefault(step, {})[series.name] = value
    in_order = sorted(steps)
    for position in spread(len(in_order), MOST_LINES):
        _print_values(f"step {in_order[position]}", steps[in_order[position]].items())


def _print_values(head: str, values: Iterable[tuple[str, float]]) -> None:
    texts = [f"{clean(name)} {number_text(value)}" for name, value in values]
    if texts:
        click.echo("  ".join([head, *texts]))


def _print_end(record: Record) -> None:
    metric = deciding_metric(record)
    parts = [clean(record.name), record.status, metric.text() if metric is not None else ""]
    click.echo(clean("  ".join(filter(None, parts))))
