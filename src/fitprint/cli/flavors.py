"""`fitprint flavors`: which frameworks would be recorded here, and why others would not."""

from __future__ import annotations

import importlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import click

from fitprint._api.autolog import autolog, disable
from fitprint._api.status import skips_text, status
from fitprint._core.guard import attempt, describe
from fitprint._instrumentation.entries import Entry, discover, importable, missing_plugins
from fitprint._instrumentation.flavor_state import Instrument
from fitprint._instrumentation.registry import known_flavors
from fitprint._instrumentation.support import check_support
from fitprint._runs.summary_line import INHERENT_RULES
from fitprint.cli import options
from fitprint.cli.lookup import Reading, opened_store
from fitprint.cli.render import Columns, Page, styled
from fitprint.cli.texts import as_json as json_text
from fitprint.stores import StoreError

AVAILABLE, NOT_INSTALLED, UNSUPPORTED = "available", "not installed", "unsupported"
BROKEN, NO_PLUGIN = "broken", "no plugin"
ON, OFF, WAITING = "on", "off", "waiting"
_STYLES = {
    AVAILABLE: "green",
    ON: "green",
    NOT_INSTALLED: "dim",
    OFF: "dim",
    WAITING: "dim",
    UNSUPPORTED: "yellow",
    BROKEN: "red",
    NO_PLUGIN: "yellow",
}
_HEAD = ("flavor", "installed", "state", "supported", "turned on by", "runs", "left out", "why")
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
    modules: tuple[str, ...] = ()
    """The modules whose import turns it on."""
    reason: str = ""
    runs: int = 0
    skips: dict[str, int] = field(default_factory=dict)
    """For each rule, how many runs of the store it left something out of."""


@click.command(short_help="List the flavors: which frameworks would be recorded here.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.store
@options.as_json
def flavors(names: Sequence[str], store: str | None, as_json: bool) -> None:
    """List the flavors: which frameworks would be recorded here, and how many runs the store has of each.

    This is decided from what is installed: neither a framework nor a plugin is imported. With NAMEs, these flavors are
    turned on with their frameworks, to see whether that works and which of their classes are out of reach.

    "left out" counts, for each rule, the runs from which it left something out. Training calls that left no run at all
    are counted by `fitprint.status()` in their own process.
    """
    rows = _with_counts(_turned_on(names) if names else _rows(), store)
    if as_json:
        click.echo(json_text({"flavors": [asdict(row) for row in rows]}))
        return
    if not rows:
        click.echo('no flavor is installed, so nothing would be recorded: pip install "fitprint[all]"')
        return
    page = Page()
    cells = [_cells(row) for row in rows]
    filled = [i for i in range(len(_HEAD)) if i < _ALWAYS or any(line[i] for line in cells)]
    page.table([[line[i] for i in filled] for line in cells], Columns([_HEAD[i] for i in filled], folds=True))
    page.print()


def _rows() -> list[FlavorRow]:
    entries = discover()
    rows = [flavor_row(entries[name]) for name in sorted(entries)]
    for name, command in sorted(missing_plugins(entries).items()):
        rows.append(FlavorRow(name, NO_PLUGIN, reason=f"install it with: {command}"))
    return rows


def _turned_on(names: Sequence[str]) -> list[FlavorRow]:
    """Turn flavors on and import their frameworks; the rows say what came of it."""
    try:
        autolog(names)
        rows = []
        for name in dict.fromkeys(names):
            instrument = known_flavors()[name]
            error = _import_framework(instrument)
            row, now = flavor_row(instrument.entry), next(row for row in status() if row.name == name)
            rows.append(replace(row, state=now.state, reason=error or now.reason))
        return rows
    finally:
        disable()


def _import_framework(instrument: Instrument) -> str:
    """Import what a flavor patches, as far as it is there; returns what could not be imported."""
    modules: Iterable[str] = filter(importable, instrument.entry.modules)
    for _ in range(2):
        for module in modules:
            done, error = attempt(importlib.import_module, module)
            if not done:
                return f"{module} cannot be imported: {describe(error)}"
        flavor = instrument.entry.loaded  # its plugin is imported when its framework is
        modules = [patch.module for patch in flavor.patches()] if flavor is not None else ()
    return ""


def _cells(row: FlavorRow) -> tuple[Any, ...]:
    state = styled(row.state, _STYLES[row.state])
    runs, skips = str(row.runs or ""), skips_text(row.skips)
    modules = "" if row.modules in ((), (row.name,)) else ", ".join(row.modules)
    return row.name, row.version or "", state, row.range or "", modules, runs, skips, row.reason


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
        return FlavorRow(entry.name, BROKEN, plugin=plugin, modules=entry.modules, reason=entry.problem)
    try:
        support = check_support(entry.plugin, entry.modules)
    except ValueError as error:  # the plugin's metadata holds an invalid range
        reason = f"its supported range cannot be read: {error}"
        return FlavorRow(entry.name, BROKEN, plugin=plugin, modules=entry.modules, reason=reason)
    if support.reason:
        state = UNSUPPORTED
    elif support.version is not None or any(map(importable, entry.modules)):
        state = AVAILABLE
    else:
        state = NOT_INSTALLED
    return FlavorRow(entry.name, state, support.version, support.range, plugin, entry.modules, support.reason or "")
