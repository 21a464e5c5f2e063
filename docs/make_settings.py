"""Brings the tables of settings.md up to date: every setting from its one declaration, the flavors' own from theirs.

    python docs/make_settings.py

The flavors are those whose frameworks are installed; what stands there of others stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import Field
from pathlib import Path
from typing import Any

from fitprint._instrumentation.entries import discover
from fitprint._settings import parsers as read
from fitprint._settings.env_vars import variable
from fitprint._settings.table import MLFLOW_NAMES, TABLE, value_text
from fitprint.cli.flavors import AVAILABLE, flavor_row
from fitprint.plugin import Flavor

PAGE = Path(__file__).with_name("settings.md")
PLUGINS = Path(__file__).parents[1] / "plugins"


def main() -> None:
    text = with_part(PAGE.read_text("utf-8"), "settings", settings_table())
    for name, flavor in flavors():
        text = with_part(text, name, flavor_table(flavor))
    PAGE.write_text(text, "utf-8")


def settings_table() -> str:
    """A row for each setting of all flavors."""
    head = ("setting", "default", "values", "meaning")
    return _table(head, (_cells(name, each) for name, each in TABLE.items()))


def flavors() -> Iterator[tuple[str, Flavor]]:
    """The project's own flavors that are available here and have defaults or settings of their own."""
    for name, entry in sorted(discover().items()):
        if (PLUGINS / name).is_dir() and flavor_row(entry).state == AVAILABLE:
            flavor = entry.flavor()
            if flavor.defaults or flavor.settings:
                yield name, flavor


def flavor_table(flavor: Flavor) -> str:
    """A row for each default of a flavor, and for each setting of its own."""
    rows = [(f"`{name}`", _code(value), "", "another default") for name, value in flavor.defaults.items()]
    rows += [_cells(name, each) for name, each in flavor.settings.items()]
    return f"**{flavor.name}**\n\n{_table(('setting', 'default', 'values', 'meaning'), rows)}"


def with_part(text: str, name: str, part: str) -> str:
    """A document with the part between two marks replaced. A flavor that has none yet comes after the others."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    whole = f"{begin}\n{part}\n{end}"
    if begin not in text:
        return text.replace("<!-- more flavors -->", f"{whole}\n\n<!-- more flavors -->")
    return re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda found: whole, text, flags=re.DOTALL)


def _cells(name: str, each: Field[Any]) -> tuple[str, str, str, str]:
    meaning = each.metadata["help"]
    if each.metadata["argument_only"]:
        meaning += f"; an argument of `autolog()` alone, `{variable(name)}` is none"
    other = [mlflow for mlflow, ours in MLFLOW_NAMES.items() if ours == name]
    if other:
        meaning += f" (MLflow's name for it, `{other[0]}`, is understood)"
    return f"`{name}`", _code(each.default), _values(each.metadata["read"]), meaning


def _values(reader: Any) -> str:
    short = {read.boolean: "true or false", read.text: "a text", read.names: "names or globs"}
    return short.get(reader) or getattr(reader, "accepted", "")


def _code(value: Any) -> str:
    value = value_text(tuple(value) if isinstance(value, list) else value)
    return value if value == "none" else f"`{value}`".replace(",", "`, `")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(each.replace('|', chr(92) + '|') for each in row)} |" for row in rows)])


if __name__ == "__main__":
    main()
