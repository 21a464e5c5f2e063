"""Where a repository has its files, also for a worktree and a submodule, and which commit is checked out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fitprint._core.plain_files import read_plain

_TO = "gitdir: "
_MOST_BYTES, _MOST_BYTES_OF_REFS = 4096, 30_000_000
_HEX_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Repository:
    """A working tree and its repository."""

    root: Path
    """The folder of the working tree."""
    own: Path
    """The folder with the files of this working tree: HEAD and the index."""
    common: Path
    """The folder with what all working trees of the repository share: refs and objects."""


def find(folder: Path) -> Repository | None:
    """Return the repository of the nearest working tree that a folder lies in, or None."""
    for root in (folder, *folder.parents):
        entry = root / ".git"
        own = entry
        if entry.is_file():  # of a worktree or a submodule: the file says where the folder is
            text = _text(entry)
            own = _resolved(root / text.removeprefix(_TO)) if text.startswith(_TO) else entry
        if (own / "HEAD").is_file():
            shared = own / "commondir"
            common = _resolved(own / _text(shared)) if shared.is_file() else own
            return Repository(root, own, common)
    return None


def head(repository: Repository) -> str | None:
    """Return the commit that is checked out, or None if there is none yet."""
    text = _text(repository.own / "HEAD")
    if not text.startswith("ref: "):
        return _commit(text)
    ref = text[5:]
    if not ref.startswith("refs/") or ".." in ref:
        return None
    for place in (repository.own, repository.common):
        if (place / ref).is_file():
            return _commit(_text(place / ref))
    packed = repository.common / "packed-refs"
    if packed.is_file():
        for line in _text(packed, _MOST_BYTES_OF_REFS).splitlines():
            if line.endswith(" " + ref):
                return _commit(line.split(" ", 1)[0])
    return None


def _commit(text: str) -> str | None:
    """Return a text that is the id of a commit; None for another one, which may be from any file."""
    return text if len(text) in (40, 64) and _HEX_DIGITS.issuperset(text) else None


def _text(path: Path, most: int = _MOST_BYTES) -> str:
    return read_plain(path, most).decode("utf-8").strip()


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # `Path.resolve` raises RuntimeError for links that lead in a circle
