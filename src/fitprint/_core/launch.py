"""The two environment variables by which `fitprint run` turns recording on in a program and in every Python below it.

``PYTHONPATH`` leads Python to the `sitecustomize` in `_bootstrap`; a variable of fitprint tells it what to wait for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping

VARIABLE = "_FITPRINT_RUN"
"""``pid;modules;prefix``: the program's pid, the modules whose import turns recording on, and the environment in which
that list of modules is right."""
PATH = "PYTHONPATH"
BOOTSTRAP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_bootstrap")

_removed: str | None = None
"""The variable's value while it is taken out of the environment."""


def environment_below(environment: Mapping[str, str], modules: Iterable[str]) -> dict[str, str]:
    """Return the environment in which a program that replaces this process records.

    Args:
        environment: The variables that the program would have without fitprint.
        modules: The modules whose import turns recording on.

    Returns:
        These variables, with the two that lead to fitprint.
    """
    path = environment.get(PATH)
    # an empty entry of the path means the working directory, so an empty path adds none
    folders = [folder for folder in path.split(os.pathsep) if folder != BOOTSTRAP] if path else []
    value = ";".join((str(os.getpid()), ",".join(sorted({"fitprint", *modules})), sys.prefix))
    return {**environment, PATH: os.pathsep.join([BOOTSTRAP, *folders]), VARIABLE: value}


def is_launched() -> bool:
    """Return whether this process is the program that `fitprint run` has started, and not a process below it."""
    return os.environ.get(VARIABLE, "").partition(";")[0] == str(os.getpid())


def let_children_record(on: bool) -> None:
    """Below `fitprint run`, decide whether the processes that this one starts record too; elsewhere do nothing.

    Args:
        on: Whether they record.
    """
    global _removed
    if on:
        if _removed is not None:
            os.environ.setdefault(VARIABLE, _removed)
    else:
        _removed = os.environ.pop(VARIABLE, _removed)
