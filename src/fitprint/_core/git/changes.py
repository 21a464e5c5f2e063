"""Which files of a working tree differ from the commit, and the differences as a patch that `git apply` takes."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fitprint._core.git.index import Entry, Index, Unreadable
from fitprint._core.git.objects import LARGEST, Objects, files_of_tree
from fitprint._core.git.repository import Repository
from fitprint._core.plain_files import read_plain
from fitprint._core.signal_handlers import own

_LINK, _SUBMODULE, _FOLDER = 0o120000, 0o160000, 0o040000
_KIND = 0o170100
"""The part of a mode that git minds: the kind of a file, and whether it can be executed."""
_MOST_COMPARISONS = 4_000_000
"""The product of the numbers of lines up to which two texts are compared line by line."""


@dataclass(frozen=True)
class Change:
    """A file that differs from the commit."""

    path: str
    before: bytes | None
    """Its id in the commit; None if it was added."""
    mode: int
    """Its mode in the index or in the commit."""


class Deadline:
    """A limit for the time that looking at a repository takes."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Raise Unreadable if the time is over."""
        if time.monotonic() > self._end:
            raise Unreadable("comparing all of its files would take too long")


def changes(repository: Repository, commit: str, index: Index, objects: Objects, deadline: Deadline) -> list[Change]:
    """Return the tracked files that differ from the commit, in the index or in the working tree, by path.

    Raises:
        Unreadable: The repository is broken or of a form that is not known here, or it takes too long.
        OSError: A file cannot be read.
    """
    head = objects.read(bytes.fromhex(commit), "commit")
    changed = _staged(bytes.fromhex(head[5:45].decode("ascii")), index, objects, deadline)
    for position, entry in enumerate(index.entries.values()):
        if position % 256 == 0:
            deadline.check()
        if entry.path not in changed and (not entry.is_settled or _is_changed(repository, entry, index)):
            changed[entry.path] = Change(entry.path, entry.id, entry.mode)
    return [changed[path] for path in sorted(changed)]


def _staged(tree: bytes, index: Index, objects: Objects, deadline: Deadline) -> dict[str, Change]:
    """Return the files by which the index differs from the tree of the commit."""
    staged: dict[str, Change] = {}
    committed: set[str] = set()
    same: set[str] = set()
    waiting = [("", tree)]
    while waiting:
        path, id = waiting.pop()
        if index.folders.get(path) == id:
            same.add(path)
            continue
        deadline.check()
        for name, is_folder, mode, inner in files_of_tree(objects.read(id, "tree")):
            if is_folder:
                waiting.append((f"{path}{name}/", inner))
                continue
            committed.add(path + name)
            entry = index.entries.get(path + name)
            if entry is None or entry.id != inner or (entry.mode ^ mode) & _KIND:
                staged[path + name] = Change(path + name, inner, mode)
    if "" not in same:
        for entry in index.entries.values():
            if entry.path not in committed and not any(folder in same for folder in _folders(entry.path)):
                staged[entry.path] = Change(entry.path, None, entry.mode)
    return staged


def _folders(path: str) -> Iterator[str]:
    """Yield the folders that a file lies in, each with a slash at its end."""
    position = path.find("/")
    while position >= 0:
        yield path[: position + 1]
        position = path.find("/", position + 1)


def _is_changed(repository: Repository, entry: Entry, index: Index) -> bool:
    if not entry.is_watched or entry.mode in (_SUBMODULE, _FOLDER):
        return False
    path = os.path.join(repository.root, entry.path)
    try:
        about = os.lstat(path)
    except own(FileNotFoundError, NotADirectoryError):
        return True
    if (entry.mode == _LINK) != stat.S_ISLNK(about.st_mode):
        return os.name != "nt"  # where links may be written as files
    written = about.st_mtime_ns
    is_same_time = written // 10**9 & 0xFFFFFFFF == entry.seconds and entry.nanoseconds in (0, written % 10**9)
    is_same_size = about.st_size & 0xFFFFFFFF == entry.size
    if is_same_time and is_same_size and written < index.written:
        return False
    content = read_file(path)
    return content is None or entry.id not in (_id(content), _id(content.replace(b"\r\n", b"\n")))


def read_file(path: str) -> bytes | None:
    """Return the content of a file, or the target of a link; None if there is none, or it is too large."""
    try:
        if os.path.islink(path):
            return os.fsencode(os.readlink(path))
        return read_plain(path, LARGEST)
    except own(OSError):
        return None


def _id(content: bytes) -> bytes:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).digest()


def patch(
    repository: Repository,
    changed: list[Change],
    objects: Objects,
    deadline: Deadline,
    limit: int,
    is_shown: Callable[[str], bool],
) -> tuple[str, list[str]]:
    """Return the differences of changed files.

    Args:
        repository: The repository.
        changed: The files.
        objects: Its objects.
        deadline: When to stop.
        limit: The size of the patch, in characters.
        is_shown: Decides, by its path, whether a file is shown.

    Returns:
        The patch, and the paths of the files that are not in it.
    """
    parts: list[str] = []
    left_out: list[str] = []
    size = 0
    for change in changed:
        part = None
        if is_shown(change.path):
            try:
                deadline.check()
                part = _patch_of(repository, change, objects)
            except own(Unreadable, OSError):
                part = None
        if part is None or size + len(part) > limit:
            left_out.append(change.path)
        else:
            size += len(part)
            parts.append(part)
    return "".join(parts), left_out


def _patch_of(repository: Repository, change: Change, objects: Objects) -> str | None:
    """Return the difference of one file, or None if it is not text."""
    path = os.path.join(repository.root, change.path)
    if os.path.realpath(os.path.dirname(path)) != os.path.dirname(path):
        return None  # a folder is a link now, so that the file may lie outside of the working tree
    before = None if change.before is None else objects.read(change.before, "blob")
    after = read_file(path) if os.path.lexists(path) else None
    if after is None and os.path.lexists(path):
        return None
    if before is not None and after is not None and b"\r\n" in after and b"\r\n" not in before:
        after = after.replace(b"\r\n", b"\n")
    try:
        old, new = _lines(before), _lines(after)
    except UnicodeDecodeError:
        return None
    if old == new and before is not None and after is not None:
        return ""
    name = change.path
    if any(letter in name for letter in '"\\\n\t'):
        return None
    parts = [f"diff --git a/{name} b/{name}\n"]
    if before is None:
        parts.append(f"new file mode {change.mode:o}\n")
    if after is None:
        parts.append(f"deleted file mode {change.mode:o}\n")
    of, to = ("/dev/null" if before is None else f"a/{name}"), ("/dev/null" if after is None else f"b/{name}")
    for line in _difference(old, new, of, to):
        parts.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return "".join(parts)


def _lines(content: bytes | None) -> list[str]:
    if not content:
        return []
    if b"\0" in content:
        raise UnicodeDecodeError("utf-8", content, 0, 1, "it is not text")
    lines = content.decode("utf-8").split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _difference(old: list[str], new: list[str], of: str, to: str) -> list[str]:
    if len(old) * len(new) <= _MOST_COMPARISONS:
        import difflib  # late: only a change of text needs it

        return list(difflib.unified_diff(old, new, of, to))
    head = [f"--- {of}\n", f"+++ {to}\n", f"@@ -1,{len(old)} +1,{len(new)} @@\n"]
    return [*head, *(f"-{line}" for line in old), *(f"+{line}" for line in new)]
