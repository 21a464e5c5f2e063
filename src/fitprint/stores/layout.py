"""The names of the files and folders of a run in the folder store, and which names of users fit among them."""

from __future__ import annotations

import os
import re
from errno import EEXIST

RUN_ID = re.compile(r"[0-9a-f]{32}")
OPEN = ".open"
TASKS = ".tasks"
"""For each program whose tasks an engine executes, a folder with a file for each task: its attempts and their runs."""
IGNORED = ".gitignore"
"""Written once, when the folder of the store is made. Whoever wants git to have the runs deletes or changes it."""
RECORD = "run.json"
METRICS = "metrics.jsonl"
ARTIFACTS = "artifacts"
ALSO = "also"
"""The folder of the side files: one for each process that adds to the run of another process."""
SIDE_FILE = ".jsonl"
"""The end of the name of a side file."""
ALIVE = "alive"
"""The empty file that the process of a run touches while it is at work. That of a side file has its name before it."""
PARTIAL = ".partial"
"""The end of the name of a file that is being written."""
FORMATS = (1, 2, 3)
"""The formats of ``run.json`` that are read. Runs of format 1 have no side files; before 3, each value has a line."""


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
    """Raise ValueError if a package cannot have this name: fitprint has files of its own beside it."""
    lower = name.lower()  # as file systems see it that do not tell upper case from lower case
    is_plain = bool(name) and not name.startswith(".") and not any(sign in name for sign in "/\\\0")
    is_free = (
        lower not in (METRICS, ARTIFACTS, ALSO, ALIVE) and not lower.startswith(RECORD) and not lower.endswith(PARTIAL)
    )
    if not is_plain or not is_free:
        raise ValueError(f"{name!r} is not a valid name for a model: give a plain name, such as 'model'")


def check_nothing_in_way(folder: str | os.PathLike[str], artifact: str) -> None:
    """Raise FileExistsError if an artifact cannot be written because something of another kind has its name.

    Args:
        folder: The folder of the run.
        artifact: The path of the artifact inside that, as `artifact_file` returns it.
    """
    if not os.path.isdir(folder):
        return
    name = artifact.removeprefix(ARTIFACTS + os.sep)
    outer = os.path.dirname(artifact)
    if os.path.isdir(os.path.join(folder, artifact)):
        reason = "there is a folder of that name"
    else:
        while outer and not os.path.lexists(os.path.join(folder, outer)):
            outer = os.path.dirname(outer)
        if not outer or os.path.isdir(os.path.join(folder, outer)):
            return
        reason = f"{outer.removeprefix(ARTIFACTS + os.sep)!r} is a file"
    raise FileExistsError(EEXIST, f"the artifact {name!r} cannot be written, because {reason}: give another name")


def free_name(folder: str | os.PathLike[str], name: str) -> str:
    """Return a name that nothing in the folder has: if `name` is taken, with the next free number."""
    free, number = name, 1
    while os.path.lexists(f"{os.fspath(folder)}/{free}"):
        number += 1
        free = f"{name}-{number}"
    return free
