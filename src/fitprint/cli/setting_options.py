"""The settings as options of a command, from their one table, and the values given as variables for another process."""

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

Command = TypeVar("Command", bound=Callable[..., Any])


def setting_options(command: Command) -> Command:
    """Gives a command an option for each setting: ``--max-model-size SIZE``, ``--quiet / --no-quiet``.

    The command gets them by the settings' names, each None where it was not given, else its text for a variable.
    Repeating an option of names or tags adds to it. A value that cannot be read ends the command.
    """
    for setting in reversed(_given_outside()):
        command = _option(setting)(command)
    return command


def environment_of(values: Mapping[str, str | None]) -> dict[str, str]:
    """The ``FITPRINT_*`` variables that hold these values in another process. A folder is made absolute now."""
    found = {variable(each.name): values.get(each.name) for each in _given_outside()}
    given = {name: value for name, value in found.items() if value is not None}
    if store := given.get(variable("store")):
        given[variable("store")] = absolute(store, os.getcwd())
    return given


def _given_outside() -> list[Field[Any]]:
    return [each for each in TABLE.values() if not each.metadata["argument_only"]]


def _option(setting: Field[Any]) -> Callable[[Command], Command]:
    reader = setting.metadata["read"]
    name = setting.name.replace("_", "-")
    help = f"{setting.metadata['help']} [{value_text(setting.default)}]"
    if reader is read.boolean:
        return click.option(f"--{name}/--no-{name}", setting.name, default=None, help=help, callback=_flag_text)
    several = reader in (read.names, read.tags)
    return click.option(
        f"--{name}", setting.name, metavar=reader.kind, multiple=several, help=help, callback=_checked_text
    )


def _flag_text(context: click.Context, option: click.Parameter, value: bool | None) -> str | None:
    return None if value is None else str(int(value))


def _checked_text(context: click.Context, option: click.Parameter, value: str | tuple[str, ...] | None) -> str | None:
    """What was given, once it has been read. Raises click.BadParameter with what is accepted."""
    text = ",".join(value) if isinstance(value, tuple) else value
    if not text:
        return None  # as an empty variable is
    try:
        TABLE[str(option.name)].metadata["read"](text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} cannot be read; accepted: {error}", context, option) from None
    return text
