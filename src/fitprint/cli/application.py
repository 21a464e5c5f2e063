"""The group of commands, which turns their errors into one line on standard error and exit status 1."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import IO, Any

import click

from fitprint._console.logger import set_up_logger
from fitprint._core import privacy as _privacy
from fitprint._settings.layers import current
from fitprint._version import __version__
from fitprint.cli.texts import clean
from fitprint.models.errors import PackageError, SchemaError

_COMMANDS = {
    "flavors": "flavors",
    "gc": "cleanup",
    "inspect": "inspection",
    "new-flavor": "new_flavor",
    "package": "models",
    "predict": "models",
    "run": "run",
    "runs": "runs",
    "serve": "serve",
    "settings": "settings",
    "show": "show",
    "verify": "verify",
}
"""From each command to the module of this package that has it. Only the module of the command that runs is imported."""


class Failure(click.ClickException):
    """An error that a user can mend (a missing run, a broken package, an unreadable file); it has no traceback."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the error."""
        click.echo(f"fitprint: {self.message}", file=file, err=file is None)


class Commands(click.Group):
    """Run a command; turn an expected error into a `Failure`, and end quietly if the reader of the output has gone."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, as the help lists them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, whose module is imported now."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"fitprint.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the arguments name."""
        try:
            return super().invoke(ctx)
        except (PackageError, OSError, ValueError) as error:
            if isinstance(error, BrokenPipeError):
                raise  # click ends the process quietly
            raise Failure(_line(error)) from None


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="fitprint %(version)s")
def fitprint() -> None:
    """Look at what training calls left behind: runs, their metrics and their model packages.

    `predict` and `package` load a model, which imports its framework; `settings` asks the flavors, which import theirs.
    No other command imports a framework. Runs are read from the folder that --store names, else from FITPRINT_STORE,
    else from ./fitprint-runs.
    """
    set_up_logger()
    _privacy.use(current().redactor())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name may hold letters that the terminal's encoding lacks


def _line(error: Exception) -> str:
    """Return the message of an error without control characters, on one line, or on one for each problem."""
    if isinstance(error, SchemaError) and error.problems:
        texts = [clean(" ".join(problem.split())) for problem in error.problems]
        return f"{error.what}: {texts[0]}" if len(texts) == 1 else "\n  - ".join([f"{error.what}:", *texts])
    text = str(error)
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    return clean(" ".join(text.split())) or type(error).__name__
