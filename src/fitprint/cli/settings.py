"""`fitprint settings`: what is in force for a process that is started here, and where it came from."""

from __future__ import annotations

import contextlib
import importlib
import sys
from dataclasses import Field, dataclass
from importlib import metadata
from typing import Any

import click

from fitprint._core.guard import guarded
from fitprint._core.jsonable import plain
from fitprint._instrumentation.entries import Entry, discover, flavor_extras
from fitprint._recorder import rules as _rules
from fitprint._settings.env_vars import unknown_variables
from fitprint._settings.layers import Found, current
from fitprint._settings.table import TABLE, value_text
from fitprint.cli import options, texts
from fitprint.cli.flavors import AVAILABLE, flavor_row
from fitprint.cli.screen import Screen
from fitprint.cli.tables import Page, styled
from fitprint.plugin.flavor import Flavor

_HEAD = ("setting", "value", "from")


@dataclass(frozen=True)
class OfFlavor:
    """What holds for one flavor; nothing is known of one that is not available here."""

    state: str
    found: dict[str, Found]
    own: dict[str, Field[Any]]


@click.command(short_help="List the settings: what is in force here, and why.")
@click.option("--flavor", "names", metavar="NAME", multiple=True, help="Only this flavor's, beside the general ones.")
@options.as_json
def settings(names: tuple[str, ...], as_json: bool) -> None:
    """List every setting with its value and where that came from: a variable, a flavor's default, the default.

    A flavor's own defaults and settings are known to its plugin alone: the plugins whose framework is installed are
    imported, and with them the frameworks. --flavor NAME imports one of them.
    """
    entries = discover()
    for name in names:
        if name not in entries:
            raise ValueError(f"no flavor is called {name!r}; registered: {', '.join(sorted(entries)) or 'none'}")
    general = {**current().found(), "rules": _installed_rules()}
    flavors = {name: _of_flavor(entries[name]) for name in sorted(names or entries)}
    own = {name: each.own if each.state == AVAILABLE else None for name, each in flavors.items()}
    own = {**dict.fromkeys(entries), **own}
    unknown = unknown_variables(current().environment, own, flavor_extras())
    if as_json:
        click.echo(texts.as_json(_document(general, flavors, unknown)))
        return
    _page(general, flavors, unknown).print()


def _installed_rules() -> Found:
    names = tuple(sorted(each.name for each in metadata.entry_points(group=_rules.GROUP)))
    return Found(names, "entry points" if names else "default")


def _of_flavor(entry: Entry) -> OfFlavor:
    row = flavor_row(entry)
    flavor: Flavor | None = None
    if row.state == AVAILABLE:
        # what a framework prints while it is imported is no part of our table
        with guarded("its settings", entry.name, lost="cannot be read"), contextlib.redirect_stdout(sys.stderr):
            importlib.import_module(entry.modules[0])
            flavor = entry.flavor()
    if flavor is None:
        return OfFlavor("broken" if row.state == AVAILABLE else row.state, {}, {})
    own = dict(flavor.settings)
    return OfFlavor(row.state, current().found(entry.name, flavor.defaults, own), own)


def _document(general: dict[str, Found], flavors: dict[str, OfFlavor], unknown: dict[str, str]) -> dict[str, Any]:
    return {
        "settings": [_as_json(name, each, TABLE[name]) for name, each in general.items()],
        "flavors": {
            name: {
                "state": of.state,
                "settings": [_as_json(each, found, {**TABLE, **of.own}[each]) for each, found in of.found.items()],
            }
            for name, of in flavors.items()
        },
        "unknown": unknown,
    }


def _as_json(name: str, found: Found, each: Field[Any]) -> dict[str, Any]:
    return {
        "name": name,
        "value": plain(found.value),
        "from": found.source,
        "default": plain(each.default),
        "help": each.metadata["help"],
    }


def _page(general: dict[str, Found], flavors: dict[str, OfFlavor], unknown: dict[str, str]) -> Page:
    page = Page(Screen.of_stdout())
    page.rows([_row(name, each) for name, each in general.items()], _HEAD)
    for flavor, of in flavors.items():
        if of.state != AVAILABLE:
            page.title(flavor, of.state)
            continue
        other = {name: each for name, each in of.found.items() if name in of.own or each.value != general[name].value}
        other.pop("rules", None)
        page.title(flavor, "" if other else "as above")
        page.rows([_row(name, each) for name, each in other.items()])
    if unknown:
        page.title("no settings", "and ignored")
        page.rows([(name, f"the nearest that is one: {nearest}") for name, nearest in sorted(unknown.items())])
    return page


def _row(name: str, found: Found) -> tuple[Any, ...]:
    value = texts.value_text(value_text(found.value))
    return name, value, styled(found.source, "dim" if found.source == "default" else None)
