"""The state of the code that a script belongs to: the commit, whether files differ from it, and how."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fitprint._core.git import index as git_index
from fitprint._core.git import repository as git_repository
from fitprint._core.git.index import Index, Unreadable
from fitprint._core.git.repository import Repository
from fitprint._core.signal_handlers import own

MOST_SECONDS = 0.5
LARGEST_INDEX = 8_000_000
"""Bytes: about 80,000 files, which take 0.4 s."""
_CODE = (".py", ".ipynb")


@dataclass(frozen=True)
class CodeState:
    """What a repository says of a script and of the code around it."""

    commit: str | None = None
    dirty: bool | None = None
    """Whether tracked files differ from the commit, or the script is not tracked; None if that is not known."""
    reason: str = ""
    """Why it is not known."""
    changed: tuple[str, ...] = ()
    """The tracked files that differ."""
    patch: str = ""
    left_out: tuple[str, ...] = ()
    """Those of the changed files that the patch does not show."""


@dataclass(frozen=True)
class PatchScope:
    """What a patch is to show: nothing, or files with some endings, up to a number of characters."""

    limit: int = 0
    suffixes: tuple[str, ...] = ()
    """With none, every text is shown."""

    def shows(self, path: str) -> bool:
        """Return whether a file is shown, by its path."""
        return not self.suffixes or path.endswith(self.suffixes)


def code_state(script: str, scope: PatchScope) -> CodeState | None:
    """Return the state of the repository that a script belongs to, or None if it belongs to none.

    It belongs to the nearest one that tracks it, or that tracks other Python code in its folder or below. So a project
    inside of another repository, which ignores it or has not added it, does not get the commit of that one.
    """
    path = Path(os.path.realpath(script))
    try:
        repository = git_repository.find(path.parent)
        commit = None if repository is None else git_repository.head(repository)
        if repository is None or commit is None:
            return None
        name = path.relative_to(os.path.realpath(repository.root)).as_posix()
        try:
            index = _read_index(repository, _folder(name))
        except Unreadable as error:
            return CodeState(commit, reason=str(error))
        return _compared(repository, commit, index, name in index.entries, scope) if _belongs(name, index) else None
    except own(OSError, ValueError):
        return None


def _read_index(repository: Repository, folder: str) -> Index:
    path = repository.own / "index"
    if not path.is_file():
        return Index()
    if path.stat().st_size > LARGEST_INDEX:
        raise Unreadable("it tracks too many files to look at")
    return git_index.read(path, folder)


def _folder(name: str) -> str:
    """Return the start of the paths of all files in the folder of a file: "" for the root of the working tree."""
    folder = name.rpartition("/")[0]
    return f"{folder}/" if folder else ""


def _belongs(name: str, index: Index) -> bool:
    prefix = _folder(name)
    return name in index.entries or any(path.startswith(prefix) and path.endswith(_CODE) for path in index.entries)


def _compared(repository: Repository, commit: str, index: Index, is_tracked: bool, scope: PatchScope) -> CodeState:
    from fitprint._core.git.changes import Deadline, changes, patch  # late: most of the work of importing this module
    from fitprint._core.git.objects import Objects

    objects, deadline = Objects(repository), Deadline(MOST_SECONDS)
    try:
        changed = changes(repository, commit, index, objects, deadline)
        text, left_out = (
            ("", []) if not scope.limit else patch(repository, changed, objects, deadline, scope.limit, scope.shows)
        )
    except Unreadable as error:
        return CodeState(commit, reason=str(error))
    except own(OSError, ValueError) as error:
        return CodeState(commit, reason=f"it cannot be read: {type(error).__name__}")
    paths = tuple(change.path for change in changed)
    return CodeState(commit, bool(paths) or not is_tracked, "", paths, text, tuple(left_out))
