"""What a process that died has left incomplete in the folder of its run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fitprint.models.package import CHECKSUMS
from fitprint.stores.layout import PARTIAL

STAGING = ".package-"
"""The beginning of the name of a package that is being written."""
REPLACED = ".replaced-"
"""The beginning of the name of a package in whose place another one is being put; the rest is its own name."""


class Leftovers(NamedTuple):
    """The content of the folder of a run."""

    open: bool
    """Whether the folder is among the open runs."""
    recorded: bool
    """Whether there is a complete record."""
    changed: float
    """When a file was last written, in seconds since the epoch."""
    incomplete: dict[str, int]
    """What is incomplete, and has a name that says so (staged packages, partial files), with its bytes."""
    packages: dict[str, int]
    """The complete packages, with their bytes."""
    unsealed: dict[str, int]
    """The folders of models without the checksums, which are written last, with their bytes."""


def inspect_folder(folder: Path, record: str, is_open: bool) -> Leftovers:
    """Look at the folder of a run, which other processes may move or empty at the same time.

    Args:
        folder: The folder.
        record: The file name of the record.
        is_open: Whether the folder is among the open runs.

    Returns:
        What the folder contains.

    Raises:
        FileNotFoundError: If the folder does not exist any more.
    """
    names = sorted(os.listdir(folder))
    incomplete: dict[str, int] = {}
    packages: dict[str, int] = {}
    unsealed: dict[str, int] = {}
    changed = 0.0
    for name in names:
        path = folder / name
        is_folder = path.is_dir() and not path.is_symlink()
        size, newest = _size_and_time(path)
        if not name.startswith(record + "."):  # else it may be written by a cleanup at this moment
            changed = max(changed, newest)
        if name == record + PARTIAL and record not in names:
            continue  # this is the record: it is complete, and is about to get its name
        original = name.removeprefix(REPLACED)
        if original != name and original in names:
            incomplete[name] = size  # it was replaced, and only its removal is left to be done
            continue
        name = original  # a package that was moved aside, and that gets its name back when the run is taken over
        if name.endswith(PARTIAL) if not is_folder else name.startswith(STAGING):
            incomplete[name] = size
        elif is_folder and (path / CHECKSUMS).is_file():
            packages[name] = size
        elif is_folder and (path / "MLmodel").is_file():
            unsealed[name] = size
        elif is_folder:
            incomplete.update((f"{name}/{inner}", _size_and_time(path / inner)[0]) for inner in _partial_below(path))
    return Leftovers(is_open, record in names, changed or folder.stat().st_mtime, incomplete, packages, unsealed)


def remove(path: Path) -> None:
    """Remove a file or a folder. Other processes may do the same at the same time.

    A folder is first given a name that says it is incomplete, so that nobody takes it for complete if this is
    interrupted.

    Raises:
        OSError: If it cannot be removed.
    """
    if path.is_dir() and not path.is_symlink():
        if not path.name.startswith(STAGING):
            staged = path.with_name(f"{STAGING}{os.urandom(8).hex()}")
            try:
                path = path.rename(staged)
            except FileNotFoundError:
                return
        shutil.rmtree(path, ignore_errors=True)
    try:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    except FileNotFoundError:
        return


def _size_and_time(path: Path) -> tuple[int, float]:
    """Return the bytes and the time of the last write of a file, or of all files in a folder."""
    size, newest = 0, 0.0
    for file in _files(path) if path.is_dir() and not path.is_symlink() else [path]:
        try:
            status = file.lstat()
        except FileNotFoundError:
            continue
        size, newest = size + status.st_size, max(newest, status.st_mtime)
    return size, newest


def _partial_below(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in _files(folder) if file.name.endswith(PARTIAL))


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)
