"""The names of the files and folders of a run in the folder store, and which names of users fit among them."""

from __future__ import annotations

import os
import re

RUN_ID = re.compile(r"[0-9a-f]{32}")
OPEN = ".open"
IGNORED = ".gitignore"
"""Written once, when the folder of the store is made. Whoever wants git to have the runs deletes or changes it."""
RECORD = "run.json"
METRICS = "metrics.jsonl"
ARTIFACTS = "artifacts"
ALSO = "also"
"""The folder of the side files: one for each process that adds to the run of another process."""
SIDE_FILE = ".jsonl"
"""The end of the name of a side file."""
FORMATS = (1, 2)
"""The formats of ``run.json`` that are read. Runs of format 1 have no side files."""


def artifact_file(name: str) -> str:
    """Return the path of an artifact inside the folder of its run.

    Raises:
        ValueError: If the name leads out of the artifacts.
    """
    relative = os.path.normpath(os.path.join(ARTIFACTS, name))
    if os.path.isabs(name) or "\0" in name or not relative.startswith(ARTIFACTS + os.sep):
        raise ValueError(f"{name!r} is not a valid artifact name: give a relative path of plain names")
    return relative


def check_package_name(name: str) -> None:
    """Raise ValueError if a package cannot have this name."""
    if not name or "/" in name or name.startswith(".") or "\0" in name or name in (RECORD, METRICS, ARTIFACTS, ALSO):
        raise ValueError(f"{name!r} is not a valid name for a model: give a plain name")


def free_name(folder: str | os.PathLike[str], name: str) -> str:
    """Return a name that nothing in the folder has: if `name` is taken, with the next free number."""
    free, number = name, 1
    while os.path.lexists(os.path.join(folder, free)):
        number += 1
        free = f"{name}-{number}"
    return free
