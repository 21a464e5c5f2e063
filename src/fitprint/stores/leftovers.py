"""What the death of a process leaves half done in the folder of a run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fitprint.models.package import CHECKSUMS

STAGING = ".package-"
PARTIAL = ".partial"


class Leftovers(NamedTuple):
    """A look at the folder of a run."""

    open: bool
    """Whether it lies among the open runs."""
    recorded: bool
    """Whether its record was ever written to the end."""
    changed: float
    """When a file of it was last written, in seconds of the epoch."""
    half: dict[str, int]
    """What was not written to its end, and bears a name that says so: staged packages, partial files. With bytes."""
    packages: dict[str, int]
    """The packages that are complete, with their bytes."""
    unsealed: dict[str, int]
    """Folders of models without the checksums that are written last, with their bytes."""


def look(folder: Path, record: str, is_open: bool) -> Leftovers:
    """What lies in the folder of a run, which may be moved or emptied meanwhile; ``record``: the name of its record."""
    names = sorted(os.listdir(folder))
    half: dict[str, int] = {}
    packages: dict[str, int] = {}
    unsealed: dict[str, int] = {}
    changed = 0.0
    for name in names:
        place = folder / name
        is_folder = place.is_dir() and not place.is_symlink()
        size, newest = _weight(place)
        if not name.startswith(record + "."):  # the half record of one that cleans up here at this moment
            changed = max(changed, newest)
        if name == record + PARTIAL and record not in names:
            continue  # whole, and about to get its name: it is the record
        if name.endswith(PARTIAL) if not is_folder else name.startswith(STAGING):
            half[name] = size
        elif is_folder and (place / CHECKSUMS).is_file():
            packages[name] = size
        elif is_folder and (place / "MLmodel").is_file():
            unsealed[name] = size
        elif is_folder:
            half.update((f"{name}/{inner}", _weight(place / inner)[0]) for inner in _partial_below(place))
    return Leftovers(is_open, record in names, changed or folder.stat().st_mtime, half, packages, unsealed)


def remove(place: Path) -> None:
    """Removes a file or a folder, beside others that may do the same. Raises OSError when it stays.

    A folder first gets a name that says it is half done: whatever interrupts this, nobody takes the rest for whole.
    """
    if place.is_dir() and not place.is_symlink():
        if not place.name.startswith(STAGING):
            half = place.with_name(f"{STAGING}{os.urandom(8).hex()}")
            try:
                place = place.rename(half)
            except FileNotFoundError:
                return
        shutil.rmtree(place, ignore_errors=True)
    try:
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()
    except FileNotFoundError:
        return


def _weight(place: Path) -> tuple[int, float]:
    """(bytes, time of the last write) of a file, or of all files in a folder."""
    size, newest = 0, 0.0
    for file in _files(place) if place.is_dir() and not place.is_symlink() else [place]:
        try:
            about = file.lstat()
        except FileNotFoundError:
            continue
        size, newest = size + about.st_size, max(newest, about.st_mtime)
    return size, newest


def _partial_below(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in _files(folder) if file.name.endswith(PARTIAL))


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)
