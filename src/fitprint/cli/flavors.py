"""`fitprint flavors`: which frameworks would be recorded here, and why others would not."""

from __future__ import annotations

import importlib.util
from dataclasses import asdict, dataclass
from typing import Any

import click

from fitprint._registry.entries import Entry, discover, missing_plugins
from fitprint._registry.support import check_support
from fitprint.cli import options
from fitprint.cli.screen import Screen
from fitprint.cli.tables import Page, styled
from fitprint.cli.texts import as_json as json_text

AVAILABLE, NOT_INSTALLED, UNSUPPORTED = "available", "not installed", "unsupported"
BROKEN, NO_PLUGIN = "broken", "no plugin"
_STYLES = {AVAILABLE: "green", NOT_INSTALLED: "dim", UNSUPPORTED: "yellow", BROKEN: "red", NO_PLUGIN: "yellow"}
_HEAD = ("flavor", "installed", "state", "supported", "why")


@dataclass(frozen=True)
class FlavorRow:
    """One flavor as a new process would find it."""

    name: str
    state: str
    version: str | None = None
    range: str | None = None
    plugin: str | None = None
    reason: str = ""


@click.command(short_help="List the flavors: what would be recorded here.")
@options.as_json
def flavors(as_json: bool) -> None:
    """List the flavors: which frameworks `fitprint.autolog()` would record here.

    Decided from what is installed: neither a framework nor a plugin is imported.
    """
    rows = _rows()
    if as_json:
        click.echo(json_text({"flavors": [asdict(each) for each in rows]}))
        return
    if not rows:
        click.echo('no flavor is installed, nothing would be recorded: pip install "fitprint[all]"')
        return
    page = Page(Screen.of_stdout())
    count = len(_HEAD) if any(each.reason for each in rows) else len(_HEAD) - 1
    page.rows([_cells(each)[:count] for each in rows], _HEAD[:count], folds=True)
    page.print()


def _rows() -> list[FlavorRow]:
    entries = discover()
    found = [_row(entries[name]) for name in sorted(entries)]
    for name, command in sorted(missing_plugins(entries).items()):
        found.append(FlavorRow(name, NO_PLUGIN, reason=f"install it with: {command}"))
    return found


def _cells(row: FlavorRow) -> tuple[Any, ...]:
    return row.name, row.version or "", styled(row.state, _STYLES[row.state]), row.range or "", row.reason


def _row(entry: Entry) -> FlavorRow:
    plugin = f"{entry.plugin.name} {entry.plugin.version}" if entry.plugin is not None else None
    if entry.problem:
        return FlavorRow(entry.name, BROKEN, plugin=plugin, reason=entry.problem)
    try:
        support = check_support(entry.plugin, entry.modules)
    except ValueError as error:  # what the plugin's metadata calls a range is none
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
