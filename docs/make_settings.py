"""Writes everything that repeats the settings or the flavors from where they are declared.

    python docs/make_settings.py

- docs/settings.md: the table of settings, and the tables of the flavors' own. They are read from the
  sources of the plugins, and where they are not written out there, from the flavors whose frameworks are installed.
- src/fitprint/_settings/arguments.py: the settings as typed keyword arguments, for editors and type checkers.
- src/fitprint/_api/autolog.py: the settings in the docstring of `autolog()`.
- src/fitprint/__init__.pyi: the flavors of this repository, read from plugins/*/pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import Field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fitprint._instrumentation.entries import discover
from fitprint._settings import parsers as read
from fitprint._settings.env_vars import variable
from fitprint._settings.table import MLFLOW_NAMES, TABLE, value_text
from fitprint.cli.flavors import AVAILABLE, flavor_row
from fitprint.plugin import Flavor

PAGE = Path(__file__).with_name("settings.md")
ROOT = Path(__file__).parents[1]
PLUGINS = ROOT / "plugins"
ARGUMENTS = ROOT / "src" / "fitprint" / "_settings" / "arguments.py"
AUTOLOG = ROOT / "src" / "fitprint" / "_api" / "autolog.py"
FACE = ROOT / "src" / "fitprint" / "__init__.pyi"
WIDTH = 120

ARGUMENTS_HEAD = '''\
"""The settings as keyword arguments with their types. Written by docs/make_settings.py from the table of settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypedDict

from fitprint._core.publish import publish


class AutologSettings(TypedDict, total=False):
    """The settings that `fitprint.autolog()` takes as keyword arguments: annotates functions that pass them on."""

'''
ARGUMENTS_END = """

publish("fitprint", AutologSettings)
"""


def main() -> None:
    text = with_part(PAGE.read_text("utf-8"), "settings", settings_table())
    for name, flavor in flavors():
        text = with_part(text, name, flavor_table(flavor))
    PAGE.write_text(text, "utf-8")
    for file, text in sources().items():
        file.write_text(text, "utf-8")


def sources() -> dict[Path, str]:
    """From each source file that repeats settings or flavors to the text that it must have."""
    return {
        ARGUMENTS: ARGUMENTS_HEAD + typed_settings() + ARGUMENTS_END,
        AUTOLOG: between(AUTOLOG.read_text("utf-8"), "    Settings:\n", "\n    Raises:", listed_settings()),
        FACE: between(
            FACE.read_text("utf-8"), "# the flavors of this repository\n", "\n# any other flavor\n", typed_flavors()
        ),
    }


def between(text: str, begin: str, end: str, part: str) -> str:
    """A text with what stands between two marks replaced."""
    before, _, rest = text.partition(begin)
    return f"{before}{begin}{part}{end}{rest.partition(end)[2]}"


def typed_settings() -> str:
    """The fields of a TypedDict: each setting, and after them MLflow's names for settings."""
    names = {name: name for name in TABLE if name != "flavors"} | MLFLOW_NAMES
    fields = []
    for name, setting in names.items():
        about = TABLE[setting].metadata
        text = about["help"] if name == setting else f"MLflow's name for `{setting}`."
        fields.append(f'    {name}: {about["read"].annotation}\n    """{text}"""\n')
    return "".join(fields)


def listed_settings() -> str:
    """The settings in the docstring of `autolog()`, in Google's style for arguments."""
    lines = []
    for name, setting in TABLE.items():
        if name != "flavors":
            text = f"{name}: {setting.metadata['help']} Default: {value_text(setting.default, setting)}."
            lines += textwrap.wrap(text, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 12)
    return "\n".join([*lines, ""])


def typed_flavors() -> str:
    """A variable for each flavor of this repository."""
    projects = [tomllib.loads(file.read_text("utf-8")) for file in sorted(PLUGINS.glob("*/pyproject.toml"))]
    lines = []
    for project in projects:
        if "fitprint.flavors" not in project["project"]["entry-points"]:
            continue  # an engine
        (name,) = project["project"]["entry-points"]["fitprint.flavors"]
        title = project["tool"]["fitprint"]["title"]
        lines.append(
            f'{name}: FlavorNamespace\n"""The calls of the flavor for {title}: `autolog`, `log_model`, ..."""\n'
        )
    return "".join(lines)


def settings_table() -> str:
    """A row for each setting of all flavors."""
    head = ("setting", "default", "values", "meaning")
    return _table(head, (_cells(name, setting) for name, setting in TABLE.items()))


def flavors() -> Iterator[tuple[str, Any]]:
    """The project's own flavors that have defaults or settings of their own.

    What a flavor declares is read from its source, so that its framework need not be installed; or else, if it is not
    written out there, from the flavor itself.
    """
    entries = discover()
    for name in sorted(folder.name for folder in PLUGINS.iterdir() if folder.is_dir()):
        declared = declarations(name)
        if not declared:
            continue
        try:
            written = {attribute: ast.literal_eval(value) for attribute, value in declared.items()}
            yield name, SimpleNamespace(name=name, **{"defaults": {}, "settings": {}, **written})
        except ValueError:
            if name in entries and flavor_row(entries[name]).state == AVAILABLE:
                yield name, entries[name].flavor()


def declarations(name: str) -> dict[str, ast.expr]:
    """What is assigned to `defaults` and `settings` in the classes of flavors of a plugin."""
    declared: dict[str, ast.expr] = {}
    for file in (PLUGINS / name / "src").glob("*/*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and any("Flavor" in ast.unparse(base) for base in node.bases):
                for statement in node.body:
                    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
                    if isinstance(target, ast.Name) and target.id in ("defaults", "settings"):
                        declared[target.id] = statement.value
    return declared


def flavor_table(flavor: Flavor | SimpleNamespace) -> str:
    """A row for each default of a flavor, and for each of its own settings."""
    rows = [
        (f"`{name}`", _code(value, {**TABLE, **flavor.settings}[name]), "", "another default")
        for name, value in flavor.defaults.items()
    ]
    rows += [_cells(name, setting) for name, setting in flavor.settings.items()]
    return f"**{flavor.name}**\n\n{_table(('setting', 'default', 'values', 'meaning'), rows)}"


def with_part(text: str, name: str, part: str) -> str:
    """A document with the part between two marks replaced. A flavor that has none yet comes after the others."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    whole = f"{begin}\n{part}\n{end}"
    if begin not in text:
        return text.replace("<!-- more flavors -->", f"{whole}\n\n<!-- more flavors -->")
    return re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda found: whole, text, flags=re.DOTALL)


def _cells(name: str, setting: Field[Any]) -> tuple[str, str, str, str]:
    meaning = setting.metadata["help"]
    if setting.metadata["argument_only"]:
        meaning += f" Only an argument of `autolog()` gives it: `{variable(name)}` has no effect."
    other = [mlflow for mlflow, ours in MLFLOW_NAMES.items() if ours == name]
    if other:
        meaning += f" MLflow's name for it, `{other[0]}`, is accepted too."
    return f"`{name}`", _code(setting.default, setting), _values(setting.metadata["read"]), meaning


def _values(reader: Any) -> str:
    short = {read.boolean: "true or false", read.text: "a text", read.names: "names or globs"}
    return short.get(reader) or getattr(reader, "accepted", "")


def _code(value: Any, setting: Field[Any]) -> str:
    value = value_text(tuple(value) if isinstance(value, list) else value, setting)
    return value if value == setting.metadata["unset"] else f"`{value}`".replace(",", "`, `")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)])


if __name__ == "__main__":
    main()
