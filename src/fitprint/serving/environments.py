"""`fitprint serve --env`: the interpreter in whose environment a package is served.

For the command:

- `interpreter_for(env, folder, document, trust=..., digest=..., tell=..., progress=...)` is called before anything of
  the package is loaded. It returns None if this process serves (``--env current``; the differences of the installed
  versions were told), else the path of an interpreter. With it the command starts itself anew, ``[python, "-P", "-m",
  "fitprint", "serve", ...]``, with the same options but ``--env current``.
- `variables_for(env)` are the environment variables of that new process.
- `fitprint.serving.dockerfile.write_dockerfile(...)` is ``--dockerfile``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fitprint._instrumentation.registry import entries
from fitprint._packages.environment_plan import flavors_of, plan_of
from fitprint._packages.interpreters import checked_interpreter, clean_environment
from fitprint._packages.loader_copy import name_of_copy
from fitprint._packages.rebuild import Tell, rebuilt
from fitprint._packages.resolve import choose
from fitprint._settings.layers import current
from fitprint._version import __version__
from fitprint.models import mlmodel
from fitprint.models.errors import PackageError
from fitprint.models.trust import ALL, check
from fitprint.pyfunc._flavor import PyfuncFlavor

PACKAGE = "package"


def interpreter_for(
    env: str,
    folder: Path,
    document: Mapping[str, Any],
    *,
    trust: str | None = None,
    digest: str | None = None,
    tell: Tell,
    progress: Tell | None = None,
    cache: Path | None = None,
) -> str:
    """Return the interpreter that a package is to be served with.

    Args:
        env: ``package``, or the path of an interpreter.
        folder: The folder of the package.
        document: Its MLmodel document.
        trust: As for loading it; checked before anything is installed.
        digest: As for loading it; checked before anything is installed.
        tell: Is told what the user should know, a line or a table at a time.
        progress: Is told each line that an installer prints.
        cache: Where rebuilt environments are kept; by default the user's folder of caches.

    Raises:
        PackageError: The package may not be loaded, or there is no such environment; the message says what to do.
    """
    if env == PACKAGE:
        level = check_trust(folder, document, trust, digest)
        plan = plan_of(folder, document)
        for line, reason in plan.left_out:
            tell(f"not installed: {line} ({reason})")
        return rebuilt(plan, only_binary=level != ALL, tell=tell, progress=progress, folder=cache)
    interpreter, version = checked_interpreter(env)
    if version != __version__:
        tell(f"{interpreter} has fitprint {version}; this one is {__version__}")
    return interpreter


def variables_for(env: str) -> dict[str, str]:
    """Return the environment variables of a process that serves with the interpreter of `interpreter_for`.

    A rebuilt environment must not find the modules of this one. An interpreter that the user names is run as it is.
    """
    return clean_environment() if env == PACKAGE else dict(os.environ)


def check_trust(folder: Path, document: Mapping[str, Any], trust: str | None, digest: str | None) -> str:
    """Check whether a package may be loaded at all, as loading it will check again; return the level of trust.

    What the flavor would say is asked only where its plugin is installed here.

    Raises:
        PackageError: It may not be loaded.
    """
    known = entries()
    name = next((name for name in flavors_of(document) if name in known), None)
    level = trust if trust is not None else current().settings(name).trust
    reason = loader = None
    if level != ALL:
        try:
            flavor, config = choose(folder, document["flavors"], None, PyfuncFlavor(), document.get(mlmodel.WRITER))
        except PackageError:  # no plugin here; in its own environment there will be one
            pass
        else:
            reason, loader = flavor.needs_trust(config), name_of_copy(flavor.loader_module)
    check(folder, document, level, digest=digest, reason=reason, unused_loader=loader)
    return level
