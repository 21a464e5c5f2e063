"""`fitprint run`: run a program whose training calls are recorded, and those of every Python process that it starts."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from fitprint._api.autolog import say_what_is_missing
from fitprint._core.guard import guarded
from fitprint._core.launch import environment_below
from fitprint._core.paths import absolute
from fitprint._instrumentation.entries import missing_plugins
from fitprint._instrumentation.registry import entries
from fitprint._settings import parsers as read
from fitprint._settings.table import Settings
from fitprint.cli.options import environment_of, setting_options
from fitprint.cli.texts import clean

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""The exit statuses of a shell for a command that cannot be run."""
SCRIPTS = (".py", ".pyw", ".pyz")


@click.command(
    short_help="Run a program and record its training calls.",
    context_settings={"allow_interspersed_args": False},
)
@click.option("-m", "is_module", is_flag=True, help="COMMAND is a Python module, as in python -m.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND [ARGUMENT]...")
@setting_options
@click.pass_context
def run(context: click.Context, /, is_module: bool, command: tuple[str, ...], **values: str | None) -> None:
    """Run a program and record its training calls, and those of every Python process that it starts.

    COMMAND is a Python script, with -m a module, or any command. It replaces this process and behaves as it would
    without fitprint: its arguments, input, signals and exit status are its own. Options of `fitprint run` come before
    it. Runs go to ./fitprint-runs, also if the program changes its folder, unless --store or FITPRINT_STORE names
    another place. Calls of fitprint.autolog() or fitprint.disable() in the program have precedence over these options.
    """
    _check_interpreter()
    environment = {**_own_environment(), **environment_of(values)}
    environment["FITPRINT_STORE"] = absolute(environment.get("FITPRINT_STORE") or Settings.store, os.getcwd())
    words = _words(command, is_module)
    modules = _modules_that_wake(environment, ours=words[0] == sys.executable)
    context.exit(_become(words, environment_below(environment, modules)))


def _check_interpreter() -> None:
    """Check that the program's Python, started with the same options as this one, will read fitprint's variables.

    Raises:
        click.UsageError: It will not.
    """
    if sys.flags.ignore_environment or sys.flags.no_site:
        raise click.UsageError(
            "python -E, -I and -S skip the code that turns recording on: run `fitprint run` without these options"
        )


def _own_environment() -> dict[str, str]:
    """Return the variables this process was started with: in a C locale Python sets LC_CTYPE itself (PEP 538)."""
    environment = dict(os.environ)
    with contextlib.suppress(OSError):
        first = Path("/proc/self/environ").read_bytes().split(b"\0")
        environment.pop("LC_CTYPE", None)
        for variable in first:
            name, _, value = os.fsdecode(variable).partition("=")
            if name == "LC_CTYPE":
                environment[name] = value
    return environment


def _words(command: Sequence[str], is_module: bool) -> list[str]:
    """Return the command as it is executed: scripts and modules by this Python, with the options that it was given."""
    python = [sys.executable, *_interpreter_options()]
    if is_module:
        return [*python, "-m", *command]
    if _is_script(command[0]):
        return [*python, *command]
    return [*command]


def _is_script(word: str) -> bool:
    if os.path.isdir(word):
        return True  # with a __main__.py in it
    return word.endswith(SCRIPTS) and (os.path.exists(word) or shutil.which(word) is None)


def _interpreter_options() -> list[str]:
    """Return what stands between `python` and `-m fitprint`, or the console script, in this process's command line."""
    options: list[str] = []
    words = iter(sys.orig_argv[1:])
    for word in words:
        last = re.fullmatch(r"-([^-WXcm]*)[cm].*", word)
        if last is not None or not word.startswith("-"):
            return [*options, *([f"-{last[1]}"] if last is not None and last[1] else [])]
        options.append(word)
        if re.fullmatch(r"-[^-WX]*[WX]|--check-hash-based-pycs", word):
            options.append(next(words, ""))
    return options


def _modules_that_wake(environment: Mapping[str, str], ours: bool) -> set[str]:
    """Return the modules whose import turns recording on.

    Args:
        environment: The variables of the program.
        ours: Whether the program runs in this environment, so that missing plugins are worth a message.
    """
    modules: set[str] = set()
    with guarded("looking for flavors"):
        known = entries()
        missing = missing_plugins(known)
        modules = {module for entry in known.values() for module in entry.modules} | {*missing}
        if ours:
            texts = (environment.get(f"FITPRINT_{setting}") for setting in ("FLAVORS", "EXCLUDE_FLAVORS"))
            say_what_is_missing(name for text in texts for name in read.names(text) or ())
    return modules


def _become(words: list[str], environment: Mapping[str, str]) -> int:
    """Replace this process by a command. Return an exit status only if that fails."""
    for name in ("SIGPIPE", "SIGXFSZ"):  # which Python ignores, and a command would inherit
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        try:
            os.execvpe(words[0], words, environment)
        except OSError as error:
            file = shutil.which(words[0], path=environment.get("PATH"))
            if error.errno != errno.ENOEXEC or file is None:
                raise
            os.execve("/bin/sh", ["/bin/sh", file, *words[1:]], environment)  # a script without a #! line
    except (FileNotFoundError, NotADirectoryError):
        click.echo(f"fitprint: {clean(words[0])}: command not found", err=True)
        return NOT_FOUND
    except OSError as error:
        click.echo(f"fitprint: {clean(words[0])}: {error.strerror}", err=True)
        return NOT_EXECUTABLE
