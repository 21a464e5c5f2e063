"""What the pickles of a package would import, and where each name comes from."""

from __future__ import annotations

import re
from importlib import metadata
from typing import Any

from fitprint._instrumentation.entries import discover
from fitprint.cli.packages import PackageFacts
from fitprint.models import checksums
from fitprint.models.named_files import code_folders, is_named, named_paths, unpickled_files
from fitprint.models.streams.files import imports_of
from fitprint.models.streams.origins import BY_VALUE, DANGEROUS, FRAMEWORK, STANDARD, USER, origin

_ORDER = (DANGEROUS, BY_VALUE, USER, FRAMEWORK, STANDARD)
_DISTRIBUTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,100}[A-Za-z0-9])?")


def imports(found: PackageFacts) -> list[dict[str, Any]]:
    """For each file that holds a pickle, or a list of types, the names in it; what tells most comes first."""
    files = [name for name, _, is_plain in checksums.files(found.folder) if is_plain]
    paths = named_paths(found.document["flavors"])
    read = imports_of(found.folder, files, unpickled_files(found.document), paths)
    frameworks, own = _frameworks(found.requirements), _own_modules(files, code_folders(found.document))
    rows = []
    for each in read:
        kinds = {str(named): origin(named, frameworks, own) for named in each.names.named}
        ordered = sorted(kinds.items(), key=lambda pair: (_ORDER.index(pair[1]), pair[0]))
        names = [{"name": name, "kind": kind} for name, kind in ordered]
        rows.append({"file": each.file, "imports": names, "problem": each.names.problem or None})
    return rows


def _own_modules(files: list[str], folders: set[str]) -> set[str]:
    """The top-level modules in the package's own code."""
    found = set()
    for name in files:
        for folder in folders:
            if is_named(name, {folder}):
                inside = name if folder == "." else name[len(folder) + 1 :]
                found.add(inside.partition("/")[0].partition(".")[0])
    return found


def _frameworks(requirements: list[str]) -> set[str]:
    """The top-level modules of registered flavors, and of what the package requires. None of them is imported."""
    found = {module for entry in discover().values() for module in entry.modules}
    for line in requirements:
        name = _DISTRIBUTION.match(line)
        if name is not None:
            found |= {re.sub(r"[-.]", "_", name[0]), *_modules_of(name[0])}
    return found


def _modules_of(distribution: str) -> set[str]:
    """What an installed distribution says that its modules are called."""
    try:
        return {*(metadata.distribution(distribution).read_text("top_level.txt") or "").split()}
    except (metadata.PackageNotFoundError, OSError, ValueError):
        return set()
