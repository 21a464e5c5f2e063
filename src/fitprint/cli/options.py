"""Options of commands: those that several commands share, and an option for each setting."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field
from typing import Any, TypeVar

import click

from fitprint._core.paths import absolute
from fitprint._settings import parsers as read
from fitprint._settings.env_vars import variable
from fitprint._settings.table import TABLE, value_text

store = click.option(
    "--store",
    metavar="FOLDER",
    help="The folder of the runs. Default: FITPRINT_STORE, else ./fitprint-runs.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")


Command = TypeVar("Command", bound=Callable[..., Any])


def setting_options(command: Command) -> Command:
    """Give a command an option for each setting: ``--max-model-size SIZE``, ``--quiet / --no-quiet``.

    The command gets the values by the names of the settings: the text of each for an environment variable, or None if
    the option was not given. Repeated options of names or tags add up. A value that cannot be read ends the command.
    """
    for setting in reversed(_given_outside()):
        command = _option(setting)(command)
    return command


def environment_of(values: Mapping[str, str | None]) -> dict[str, str]:
    """Return the ``FITPRINT_*`` variables that hold these values in another process; a folder becomes absolute."""
    texts = {variable(setting.name): values.get(setting.name) for setting in _given_outside()}
    variables = {name: text for name, text in texts.items() if text is not None}
    if store := variables.get(variable("store")):
        variables[variable("store")] = absolute(store, os.getcwd())
    return variables


def _given_outside() -> list[Field[Any]]:
    """Return the settings that can be given outside of Python code."""
    return [setting for setting in TABLE.values() if not setting.metadata["argument_only"]]


def _option(setting: Field[Any]) -> Callable[[Command], Command]:
    reader = setting.metadata["read"]
    name = setting.name.replace("_", "-")
    help = f"{setting.metadata['help']} [{value_text(setting.default, setting)}]"
    if reader is read.boolean:
        return click.option(f"--{name}/--no-{name}", setting.name, default=None, help=help, callback=_flag_text)
    several = reader in (read.names, read.tags)
    return click.option(
        f"--{name}", setting.name, metavar=reader.kind, multiple=several, help=help, callback=_checked_text
    )


def _flag_text(context: click.Context, option: click.Parameter, value: bool | None) -> str | None:
    return None if value is None else str(int(value))


def _checked_text(context: click.Context, option: click.Parameter, value: str | tuple[str, ...] | None) -> str | None:
    """Return the text of an option, once it could be read.

    Raises:
        click.BadParameter: It cannot be read; the message says what is accepted.
    """
    text = ",".join(value) if isinstance(value, tuple) else value
    if not text:
        return None  # like an empty variable
    try:
        TABLE[str(option.name)].metadata["read"](text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} cannot be read; accepted: {error}", context, option) from None
    return text
