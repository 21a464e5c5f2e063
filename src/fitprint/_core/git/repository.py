"""Where a repository has its files, also for a worktree and a submodule, and which commit is checked out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_TO = "gitdir: "


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
            text = entry.read_text("utf-8").strip()
            own = (root / text.removeprefix(_TO)).resolve() if text.startswith(_TO) else entry
        if (own / "HEAD").is_file():
            shared = own / "commondir"
            common = (own / shared.read_text("utf-8").strip()).resolve() if shared.is_file() else own
            return Repository(root, own, common)
    return None


def head(repository: Repository) -> str | None:
    """Return the commit that is checked out, or None if there is none yet."""
    text = (repository.own / "HEAD").read_text("utf-8").strip()
    if not text.startswith("ref: "):
        return text or None
    ref = text[5:]
    for place in (repository.own, repository.common):
        if (place / ref).is_file():
            return (place / ref).read_text("utf-8").strip() or None
    packed = repository.common / "packed-refs"
    if packed.is_file():
        for line in packed.read_text("utf-8").splitlines():
            if line.endswith(" " + ref):
                return line.split(" ", 1)[0]
    return None
