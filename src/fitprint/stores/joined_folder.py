"""Adding to the folder of a run that another process writes, and which that process may move at any time.

Why each process has a file of its own: docs/adr/0009-several-writers.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from errno import ENOENT, ESTALE
from pathlib import Path
from typing import TypeVar

from fitprint._core import ids
from fitprint._core.signal_handlers import own, suppress_own
from fitprint.models.package import Package
from fitprint.models.package_paths import make_below
from fitprint.stores.atomic_write import LineFile, touch, write_file
from fitprint.stores.contract import JoinedRun, Store
from fitprint.stores.layout import (
    ALIVE,
    ALSO,
    OPEN,
    PARTIAL,
    SIDE_FILE,
    artifact_file,
    check_nothing_in_way,
    check_package_name,
    free_name,
)

T = TypeVar("T")
_MOST_TRIES = 5
_MOVED = (ENOENT, ESTALE)
"""The errors of a file operation in a folder that has been moved; ESTALE is the one of network file systems."""


class JoinedFolder(JoinedRun):
    """The folder of a run of another process. It is looked up for each operation, because it may be moved."""

    def __init__(self, store: Store, run_id: str, writer: str) -> None:
        self._store = store
        self._run_id = run_id
        self._writer = writer
        self._lines = LineFile()

    @property
    def path(self) -> Path:
        return self._store.folder(self._run_id)

    def append(self, lines: str) -> None:
        def append(folder: Path) -> None:
            file = f"{folder}/{ALSO}/{self._writer}{SIDE_FILE}"
            try:
                self._lines.append(file, lines)
            except FileNotFoundError:
                make_below(folder, ALSO)
                self._lines.append(file, lines)

        self._in_folder(append)

    def write_artifact(self, name: str, content: bytes) -> None:
        relative = artifact_file(name)

        def write(folder: Path) -> None:
            path = f"{folder}/{relative}"
            partial = f"{path}.{self._writer[-8:]}{PARTIAL}"  # another process may write the same artifact
            try:
                make_below(folder, os.path.dirname(relative))
                write_file(partial, content)
                os.replace(partial, path)
            except own(OSError):
                with suppress_own(OSError):
                    os.unlink(partial)
                check_nothing_in_way(folder, relative)
                raise

        self._in_folder(write)

    def begin_package(self, limit: int | None) -> Package:
        # A package takes long to write, so it is staged where nobody moves it: in the place of an open run, without a
        # record. The cleanup removes such a folder after an hour, in case this process dies.
        open_runs = os.path.join(self._store.location, OPEN)
        os.makedirs(open_runs, exist_ok=True)
        return Package(os.path.join(open_runs, ids.new_run_id()), limit)

    def keep_package(self, package: Package, name: str) -> str:
        check_package_name(name)
        return self._in_folder(lambda folder: _seal(package, folder, name))

    def renew_lease(self) -> None:
        self._in_folder(lambda folder: touch(f"{folder}/{ALSO}/{self._writer}.{ALIVE}"))

    def drop_lease(self) -> None:
        self._in_folder(lambda folder: Path(folder, ALSO, f"{self._writer}.{ALIVE}").unlink(missing_ok=True))

    def _in_folder(self, operate: Callable[[Path], T]) -> T:
        """Operate on the folder of the run, and again at its other place if it is moved meanwhile."""
        for _ in range(_MOST_TRIES - 1):
            try:
                return operate(self.path)
            except own(OSError) as error:
                if error.errno not in _MOVED:
                    raise
        return operate(self.path)


def _seal(package: Package, folder: Path, name: str) -> str:
    while True:
        free = free_name(folder, name)
        try:
            package.seal(folder / free)
            return free
        except own(OSError):
            if not os.path.lexists(folder / free):
                raise
            # another process has taken this name since it was free
