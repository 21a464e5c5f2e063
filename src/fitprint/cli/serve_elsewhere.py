"""`fitprint serve` in another environment: the process is replaced by one of another interpreter; or a Dockerfile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from fitprint._console.terminal import is_terminal
from fitprint.cli.texts import clean
from fitprint.models import mlmodel

NOT_IN_A_CONTAINER = (
    *("package", "store", "environment", "is_dockerfile", "is_check", "trust", "digest"),  # said by the file itself
    *("host", "port", "token", "log_requests"),  # of whoever runs the container; a token must not lie in an image
)


def write_a_dockerfile(context: click.Context, folder: Path) -> None:
    """Write the Dockerfile of a package, to be served with the options given, and say how an image is built of it."""
    from fitprint.serving.dockerfile import write_dockerfile

    trust, digest = context.params["trust"], context.params["digest"]
    options = given_words(context, NOT_IN_A_CONTAINER)
    file = write_dockerfile(folder, mlmodel.read(folder), trust=trust, digest=digest, arguments=options)
    click.echo(f"{clean(file)} is written: docker build -t {clean(folder.name.lower())} {clean(file.parent)}")


def go_on_elsewhere(context: click.Context, environment: str, folder: Path) -> None:
    """Replace this process by one of the environment that the user wants."""
    from fitprint.serving.environments import interpreter_for, variables_for

    with _InstallerProgress() as progress:
        python = interpreter_for(
            environment,
            folder,
            mlmodel.read(folder),
            trust=context.params["trust"],
            digest=context.params["digest"],
            tell=progress.tell,
            progress=progress.installer_says,
        )
    words = [python, "-P", "-m", "fitprint", "serve", *given_words(context), "--env", "current"]
    if sys.platform == "win32":  # where a process cannot be replaced
        context.exit(subprocess.call(words, env=variables_for(environment)))
    sys.stdout.flush()
    os.execve(python, words, variables_for(environment))


class _InstallerProgress:
    """How the making of an environment goes on, on standard error.

    Of what the installer prints, a terminal shows the latest line, always in the same place. Elsewhere it is not shown;
    if the installer fails, the error has its last lines.
    """

    def __init__(self) -> None:
        self._status: Any = None
        if is_terminal(sys.stderr):
            from rich.console import Console

            self._status = Console(stderr=True).status("")

    def __enter__(self) -> _InstallerProgress:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._status is not None:
            self._status.stop()

    def tell(self, text: str) -> None:
        """Print lines that stay."""
        if self._status is not None:
            self._status.stop()
        click.echo("\n".join(map(clean, text.splitlines())), err=True)

    def installer_says(self, line: str) -> None:
        """Show a line until the next one comes."""
        if self._status is not None:
            from rich.text import Text

            text = Text(clean(line), style="dim")
            text.truncate(self._status.console.width - 3, overflow="ellipsis")  # beside the sign of life
            self._status.update(text)
            self._status.start()


def given_words(context: click.Context, without: Collection[str] = ("environment",)) -> list[str]:
    """Return what the command line says, without some options; what variables say reaches another process by itself."""
    words: list[str] = []
    for param in context.command.params:
        value = context.params.get(str(param.name))
        source = context.get_parameter_source(str(param.name))
        if source is not ParameterSource.COMMANDLINE or param.name in without:
            continue
        if isinstance(param, click.Argument):
            words.insert(0, str(value))
        elif isinstance(param, click.Option) and param.is_flag:
            words.append(param.opts[0] if value else param.secondary_opts[0])
        else:
            values = value if isinstance(value, tuple) else (value,)
            words += [word for value in values for word in (param.opts[0], str(value))]
    return words
