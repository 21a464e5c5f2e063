"""The contract of a store: it opens runs, and reads them back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fitprint.models.package import Package
from fitprint.stores.leftovers import Leftovers


class StoreError(OSError):
    """A store cannot be read, or has no such run; the message is one line for a user."""


class UnknownRunError(StoreError):
    """A store has no such run, or has it no more."""


class OpenRun(ABC):
    """A run being written, by the one process that made it."""

    @property
    @abstractmethod
    def path(self) -> Path:
        """The folder of the run as it is now: another one once it is finished."""

    @property
    def final_path(self) -> Path:
        """Where the run will lie once it is finished; by default where it is."""
        return self.path

    @abstractmethod
    def write_record(self, record: Mapping[str, Any]) -> None:
        """Writes ``run.json``, whole or not at all."""

    @abstractmethod
    def append_metrics(self, lines: str) -> None:
        """Adds whole lines to ``metrics.jsonl``."""

    @abstractmethod
    def write_artifact(self, name: str, content: bytes) -> None:
        """Writes a file below ``artifacts/``. Raises ValueError for a name that leads outside."""

    @abstractmethod
    def begin_package(self, limit: int | None) -> Package:
        """A package to write into, beside its final place."""

    @abstractmethod
    def keep_package(self, package: Package, name: str) -> str:
        """Seals a package under a name, or the next free one (``model-2``). Returns the name it got."""

    @abstractmethod
    def finish(self) -> None:
        """Puts the run among the finished ones."""

    @abstractmethod
    def discard(self) -> None:
        """Removes the run, as if it had never begun."""

    @abstractmethod
    def mend(self, record: Mapping[str, Any] | None, half: Iterable[str]) -> None:
        """Replaces the record of a dead process (None: leaves it) and removes what is half done.

        Safe beside others that do the same at the same time.
        """


class Store(ABC):
    """Runs, by id. Ids sort by time."""

    location: str

    @abstractmethod
    def begin(self, run_id: str) -> OpenRun:
        """Opens a run. Raises OSError when the store cannot be written."""

    @abstractmethod
    def reopen(self, run_id: str) -> OpenRun:
        """A finished run, to add to. Raises StoreError for an unknown one."""

    @abstractmethod
    def run_ids(self) -> Iterator[str]:
        """The ids of all runs, open ones too, newest first."""

    @abstractmethod
    def folder(self, run_id: str) -> Path:
        """The folder of a run. Raises StoreError for an unknown one."""

    @abstractmethod
    def read_record(self, run_id: str) -> dict[str, Any]:
        """The record of a run. Raises StoreError for an unknown run or a broken record."""

    @abstractmethod
    def leftovers(self, run_id: str) -> Leftovers:
        """What lies in the folder of a run. Raises StoreError for an unknown one."""

    @abstractmethod
    def take_over(self, run_id: str, was_open: bool, is_dead: Callable[[Mapping[str, Any]], bool]) -> OpenRun | None:
        """Puts the run of a dead process among the finished ones. Of several callers one gets it, the others None.

        ``was_open``: as `leftovers` said. ``is_dead`` is asked of its record once more when nobody else can take it:
        where it says no, the run stays open.
        """
