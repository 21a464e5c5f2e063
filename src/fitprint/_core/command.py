"""How this process was started: its command line, and the arguments that argparse or Hydra has read from it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from typing import Any

from fitprint._core.privacy import HIDDEN, Redactor

LONGEST_COMMAND, LONGEST_VALUE, MOST_ARGUMENTS = 2000, 250, 100
_KERNELS = ("ipykernel_launcher", "ipykernel")
_PLAIN = (str, int, float, bool, type(None), os.PathLike)


def command_line(redactor: Redactor) -> str | None:
    """Return the command line without its secrets, or None in a notebook, where it is that of the server."""
    arguments = sys.orig_argv
    if any(word in _KERNELS or os.path.basename(word) == f"{_KERNELS[0]}.py" for word in arguments[1:4]):
        return None
    words = [str(word) for word in redactor.inside(arguments)]
    text = " ".join(word if HIDDEN in word else shlex.quote(word) for word in words)
    return text if len(text) <= LONGEST_COMMAND else text[:LONGEST_COMMAND] + "..."


def read_arguments(redactor: Redactor) -> dict[str, str]:
    """Return the arguments that are at hand, by their names and without their secrets, as texts.

    These are the namespaces of argparse among the global variables of the script, and the overrides that were given to
    an application of Hydra.
    """
    arguments: dict[str, str] = {}
    for name, value in (*_of_argparse(), *_of_hydra()):
        if len(arguments) < MOST_ARGUMENTS and _is_plain(value):
            arguments[name] = str(redactor.value(name, _text(value)))[:LONGEST_VALUE]
    return arguments


def _of_argparse() -> Iterator[tuple[str, Any]]:
    argparse, main = sys.modules.get("argparse"), sys.modules.get("__main__")
    if argparse is None or main is None:
        return
    kind = argparse.Namespace
    for value in list(vars(main).values()):
        if type(value) is kind:
            yield from vars(value).items()


def _of_hydra() -> Iterator[tuple[str, Any]]:
    config = getattr(sys.modules.get("hydra.core.hydra_config"), "HydraConfig", None)
    if config is None or not config.initialized():
        return
    for override in config.get().overrides.task:
        name, is_given, value = str(override).lstrip("+~").partition("=")
        if is_given:
            yield name, value


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return len(value) <= LONGEST_VALUE and all(isinstance(item, _PLAIN) for item in value)
    return isinstance(value, _PLAIN)


def _text(value: Any) -> str:
    return str([str(item) for item in value]) if isinstance(value, (list, tuple)) else str(value)
