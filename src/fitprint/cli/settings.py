"""`fitprint settings`: which settings hold for a process that is started here, and where each value comes from."""

from __future__ import annotations

import contextlib
import importlib
import sys
from dataclasses import Field, dataclass
from importlib import metadata
from typing import Any

import click

from fitprint._core.guard import guarded
from fitprint._core.jsonable import jsonable
from fitprint._instrumentation.entries import Entry, discover, flavor_extras
from fitprint._recorder import rules
from fitprint._settings.env_vars import unknown_variables
from fitprint._settings.layers import SourcedValue, current
from fitprint._settings.table import TABLE, value_text
from fitprint.cli import options, texts
from fitprint.cli.flavors import AVAILABLE, flavor_row
from fitprint.cli.render import Columns, Page, styled
from fitprint.plugin.contract import Flavor

_HEAD = ("setting", "value", "from")


@dataclass(frozen=True)
class OfFlavor:
    """The settings of one flavor; empty if the flavor is not available here."""

    state: str
    values: dict[str, SourcedValue]
    own: dict[str, Field[Any]]


@click.command(short_help="List the settings that hold here, and where each comes from.")
@click.option(
    "--flavor",
    "names",
    metavar="NAME",
    multiple=True,
    help="List only this flavor's settings beside the general ones; can be repeated.",
)
@options.as_json
def settings(names: tuple[str, ...], as_json: bool) -> None:
    """List every setting with its value and its origin: a variable, a flavor's default, or the general default.

    Only its plugin knows a flavor's own defaults and settings, so plugins whose framework is installed are imported,
    and the frameworks with them. --flavor NAME imports only that one.
    """
    entries = discover()
    for name in names:
        if name not in entries:
            raise ValueError(f"no flavor is called {name!r}; registered: {', '.join(sorted(entries)) or 'none'}")
    general = {**current().sourced(), "rules": _installed_rules()}
    flavors = {name: _of_flavor(entries[name]) for name in sorted(names or entries)}
    own = {name: flavor.own if flavor.state == AVAILABLE else None for name, flavor in flavors.items()}
    own = {**dict.fromkeys(entries), **own}
    unknown = unknown_variables(current().environment, own, flavor_extras())
    if as_json:
        click.echo(texts.as_json(_document(general, flavors, unknown)))
        return
    _page(general, flavors, unknown).print()


def _installed_rules() -> SourcedValue:
    names = tuple(sorted(point.name for point in metadata.entry_points(group=rules.GROUP)))
    return SourcedValue(names, "entry points" if names else "default")


def _of_flavor(entry: Entry) -> OfFlavor:
    row = flavor_row(entry)
    flavor: Flavor | None = None
    if row.state == AVAILABLE:
        # what a framework prints while it is imported must not get into the table
        with guarded("its settings", entry.name, lost="cannot be read"), contextlib.redirect_stdout(sys.stderr):
            importlib.import_module(entry.modules[0])
            flavor = entry.flavor()
    if flavor is None:
        return OfFlavor("broken" if row.state == AVAILABLE else row.state, {}, {})
    own = dict(flavor.settings)
    return OfFlavor(row.state, current().sourced(entry.name, flavor.defaults, own), own)


def _document(
    general: dict[str, SourcedValue], flavors: dict[str, OfFlavor], unknown: dict[str, str]
) -> dict[str, Any]:
    return {
        "settings": [_as_json(name, sourced, TABLE[name]) for name, sourced in general.items()],
        "flavors": {
            name: {
                "state": of.state,
                "settings": [_as_json(key, sourced, {**TABLE, **of.own}[key]) for key, sourced in of.values.items()],
            }
            for name, of in flavors.items()
        },
        "unknown": unknown,
    }


def _as_json(name: str, sourced: SourcedValue, field: Field[Any]) -> dict[str, Any]:
    return {
        "name": name,
        "value": jsonable(sourced.value),
        "from": sourced.source,
        "default": jsonable(field.default),
        "help": field.metadata["help"],
    }


def _page(general: dict[str, SourcedValue], flavors: dict[str, OfFlavor], unknown: dict[str, str]) -> Page:
    page = Page()
    page.table([_row(name, sourced, TABLE[name]) for name, sourced in general.items()], Columns(_HEAD, flexible=1))
    for flavor, of in flavors.items():
        if of.state != AVAILABLE:
            page.title(flavor, of.state)
            continue
        other = {key: value for key, value in of.values.items() if key in of.own or value.value != general[key].value}
        other.pop("rules", None)
        page.title(flavor, "" if other else "as above")
        page.table([_row(key, value, {**TABLE, **of.own}[key]) for key, value in other.items()], Columns(flexible=1))
    if unknown:
        page.title("unknown variables", "ignored")
        page.table([(name, f"the nearest setting: {nearest}") for name, nearest in sorted(unknown.items())])
    return page


def _row(name: str, sourced: SourcedValue, setting: Field[Any]) -> tuple[Any, ...]:
    value = texts.value_text(value_text(sourced.value, setting))
    return name, value, styled(sourced.source, "dim" if sourced.source == "default" else None)
