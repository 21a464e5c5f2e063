"""The folder of one run as a store: a run that was copied out of its store, or has another name, is read from there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from fitprint.stores.atomic_write import read_record
from fitprint.stores.contract import JoinedRun, OpenRun, StoreError
from fitprint.stores.folder import FolderStore
from fitprint.stores.layout import RECORD


def is_run_folder(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is the folder of a run."""
    return os.path.isfile(os.path.join(path, RECORD))


class RunFolder(FolderStore):
    """A store that is the folder of one run, whatever its name is, and that is read only.

    Args:
        location: The folder.
    """

    def run_ids(self) -> Iterator[str]:
        return iter([self._run_id()])

    def begin(self, run_id: str) -> OpenRun:
        raise self._refusal()

    def reopen(self, run_id: str) -> OpenRun:
        raise self._refusal()

    def join(self, run_id: str, writer: str) -> JoinedRun:
        raise self._refusal()

    def _folders(self, run_id: str) -> tuple[str, ...]:
        return (self.location,) if run_id == self._run_id() else ()

    def _run_id(self) -> str:
        return str(read_record(os.path.join(self.location, RECORD)).get("run_id") or Path(self.location).name)

    def _refusal(self) -> StoreError:
        return StoreError(
            f"{self.location} is the folder of a single run, not a store: name the folder that contains your runs"
        )
