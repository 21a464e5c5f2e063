"""How a program under `fitprint run`, and every Python that it starts, comes to record: by two environment variables.

``PYTHONPATH`` leads to the `sitecustomize` in `_bootstrap`, and a variable of our own tells that one what to wait for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping

VARIABLE = "_FITPRINT_RUN"
"""``pid;modules;prefix``: of the program itself, those whose import turns recording on, and where that list holds."""
PATH = "PYTHONPATH"
BOOTSTRAP = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "_bootstrap")

_kept: str | None = None


def environment_below(environment: Mapping[str, str], modules: Iterable[str]) -> dict[str, str]:
    """These variables, and those by which a program that replaces this process records."""
    path = environment.get(PATH)
    further = [each for each in path.split(os.pathsep) if each != BOOTSTRAP] if path else []  # an empty one means here
    said = ";".join((str(os.getpid()), ",".join(sorted({"fitprint", *modules})), sys.prefix))
    return {**environment, PATH: os.pathsep.join([BOOTSTRAP, *further]), VARIABLE: said}


def let_children_record(on: bool) -> None:
    """Below `fitprint run`: whether the processes that this one starts record too. Elsewhere it changes nothing."""
    global _kept
    if on:
        if _kept is not None:
            os.environ.setdefault(VARIABLE, _kept)
    else:
        _kept = os.environ.pop(VARIABLE, _kept)
