"""`fitprint flavors`: which frameworks would be recorded here, and why others would not."""

from __future__ import annotations

import importlib.util
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import click

from fitprint._api.status import skips_text
from fitprint._instrumentation.entries import Entry, discover, missing_plugins
from fitprint._instrumentation.support import check_support
from fitprint._runs.summary_line import INHERENT_RULES
from fitprint.cli import options
from fitprint.cli.lookup import Reading, opened_store
from fitprint.cli.render import Page, styled
from fitprint.cli.texts import as_json as json_text
from fitprint.stores import StoreError

AVAILABLE, NOT_INSTALLED, UNSUPPORTED = "available", "not installed", "unsupported"
BROKEN, NO_PLUGIN = "broken", "no plugin"
_STYLES = {AVAILABLE: "green", NOT_INSTALLED: "dim", UNSUPPORTED: "yellow", BROKEN: "red", NO_PLUGIN: "yellow"}
_HEAD = ("flavor", "installed", "state", "supported", "runs", "left out", "why")
_ALWAYS = 4
"""The first columns are always shown, the others only if they have content."""


@dataclass(frozen=True)
class FlavorRow:
    """One flavor as a new process would find it, and what the store holds of it."""

    name: str
    state: str
    version: str | None = None
    range: str | None = None
    plugin: str | None = None
    reason: str = ""
    runs: int = 0
    skips: dict[str, int] = field(default_factory=dict)
    """For each rule, how many runs of the store it left something out of."""


@click.command(short_help="List the flavors: which frameworks would be recorded here.")
@options.store
@options.as_json
def flavors(store: str | None, as_json: bool) -> None:
    """List the flavors: which frameworks would be recorded here, and how many runs the store has of each.

    This is decided from what is installed: neither a framework nor a plugin is imported. "left out" counts, for each
    rule, the runs from which it left something out. Training calls that left no run at all are counted by
    `fitprint.status()` in their own process.
    """
    rows = _with_counts(_rows(), store)
    if as_json:
        click.echo(json_text({"flavors": [asdict(row) for row in rows]}))
        return
    if not rows:
        click.echo('no flavor is installed, so nothing would be recorded: pip install "fitprint[all]"')
        return
    page = Page()
    cells = [_cells(row) for row in rows]
    filled = [i for i in range(len(_HEAD)) if i < _ALWAYS or any(line[i] for line in cells)]
    page.table([[line[i] for i in filled] for line in cells], [_HEAD[i] for i in filled], folds=True)
    page.print()


def _rows() -> list[FlavorRow]:
    entries = discover()
    rows = [flavor_row(entries[name]) for name in sorted(entries)]
    for name, command in sorted(missing_plugins(entries).items()):
        rows.append(FlavorRow(name, NO_PLUGIN, reason=f"install it with: {command}"))
    return rows


def _cells(row: FlavorRow) -> tuple[Any, ...]:
    state = styled(row.state, _STYLES[row.state])
    runs, skips = str(row.runs or ""), skips_text(row.skips)
    return row.name, row.version or "", state, row.range or "", runs, skips, row.reason


def _with_counts(rows: list[FlavorRow], store: str | None) -> list[FlavorRow]:
    """Add to the rows what the store has of each; nothing if there is no store yet."""
    try:
        opened = opened_store(store)
    except StoreError:
        if store is not None:
            raise
        return rows
    runs, skips = Counter[str](), defaultdict[str, Counter[str]](Counter)
    for run in Reading(opened).runs(opened.run_ids()):
        if run.flavor is not None:
            runs[run.flavor] += 1
            skips[run.flavor].update({skip.rule for skip in run.skipped}.difference(INHERENT_RULES))
    return [replace(row, runs=runs[row.name], skips=dict(skips[row.name])) for row in rows]


def flavor_row(entry: Entry) -> FlavorRow:
    """Return the row of a registered flavor."""
    plugin = f"{entry.plugin.name} {entry.plugin.version}" if entry.plugin is not None else None
    if entry.problem:
        return FlavorRow(entry.name, BROKEN, plugin=plugin, reason=entry.problem)
    try:
        support = check_support(entry.plugin, entry.modules)
    except ValueError as error:  # the plugin's metadata holds an invalid range
        return FlavorRow(entry.name, BROKEN, plugin=plugin, reason=f"its supported range cannot be read: {error}")
    if support.reason:
        state = UNSUPPORTED
    elif support.version is not None or any(map(_importable, entry.modules)):
        state = AVAILABLE
    else:
        state = NOT_INSTALLED
    return FlavorRow(entry.name, state, support.version, support.range, plugin, support.reason or "")


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
