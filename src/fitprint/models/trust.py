"""Whether a package may be loaded at all: what the setting `trust` asks for, decided before any of its code runs.

A loader proceeds in this order::

    document = mlmodel.read(folder)
    flavor, config = ...                                     # chosen; its plugin comes from this environment
    trust.check(folder, document, level, digest=digest, reason=flavor.needs_trust(config))
    if trust.allows_code(level):
        add_code(folder, config)                             # puts the package's code/ onto sys.path
    flavor.load(folder, config)                              # of lists of types only the caller's own

Nothing else guarantees that what was verified is what is loaded: files are read twice, first to be hashed. Whoever can
write into the folder in between can have other bytes loaded. So verify what only you can write to, or a copy of it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fitprint.models.checksums import verify
from fitprint.models.errors import PackageError
from fitprint.models.named_files import code_folders
from fitprint.models.package_paths import is_plain_name

ALL, VERIFIED, NO_PICKLE = "all", "verified", "no-pickle"
LEVELS = (ALL, VERIFIED, NO_PICKLE)


def check(
    folder: Path,
    document: Mapping[str, Any],
    level: str,
    *,
    digest: str | None = None,
    reason: str | None = None,
    unused_loader: str | None = None,
) -> None:
    """Check whether a package may be loaded at a level of trust.

    Args:
        folder: The folder of the package.
        document: Its MLmodel document.
        level: With ``verified``, every file must be the one that ``checksums.json`` lists; with ``no-pickle``,
            ``reason`` must be None, and the package may not bring its own loader.
        digest: The SHA-256 that ``checksums.json`` must have, at every level.
        reason: Why loading may run code of the package's author, or None.
        unused_loader: A loader that may be code inside the package, because an installed flavor loads it instead.

    Raises:
        PackageError: It may not be loaded; the message is one line.
        ValueError: There is no such level, or the digest is not a SHA-256.
    """
    if level not in LEVELS:
        raise ValueError(f"trust={level!r} is not known: it must be one of {', '.join(LEVELS)}")
    if level == VERIFIED or digest is not None:
        _check_files(folder, document, digest)
    if level == NO_PICKLE:
        reason = reason or _own_loader(folder, document, unused_loader)
        if reason is not None:
            raise PackageError(f"{folder} is not loaded with trust={NO_PICKLE}: {reason}")


def allows_code(level: str) -> bool:
    """Return whether the package's own code may be put where imports find it."""
    return level != NO_PICKLE


def _check_files(folder: Path, document: Mapping[str, Any], digest: str | None) -> None:
    problems = verify(folder, document, digest).problems
    if problems:
        more = f" (and {len(problems) - 1} more: `fitprint verify` shows all)" if len(problems) > 1 else ""
        raise PackageError(f"{folder} does not verify: {problems[0]}{more}")


def _own_loader(folder: Path, document: Mapping[str, Any], unused: str | None) -> str | None:
    """Return why the loader module runs code of the package's author, or None.

    It does if a file in the package's code has the name of the loader.
    """
    generic = document["flavors"].get("python_function")
    loader = generic.get("loader_module") if isinstance(generic, Mapping) else None
    top = "" if loader == unused else str(loader or "").partition(".")[0]
    for code in code_folders(document) if top and is_plain_name(top) else ():
        if any(os.path.lexists(os.path.join(folder, code, name)) for name in (top, f"{top}.py")):
            return f"its loader {loader} is code inside the package"
    return None
