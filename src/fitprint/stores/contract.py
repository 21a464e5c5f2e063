"""The contract of a store: it writes runs, and reads them again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fitprint.models.package import Package
from fitprint.stores.leftovers import Leftovers


class StoreError(OSError):
    """A store cannot be read, or does not have a run. The message is one line for the user."""


class UnknownRunError(StoreError):
    """A store does not have a run, or does not have it any more."""


class OpenRun(ABC):
    """A run that is being written by the process that began it."""

    @property
    @abstractmethod
    def path(self) -> Path:
        """The folder of the run at this moment. It changes when the run is finished."""

    @property
    def final_path(self) -> Path:
        """The folder of the run after it is finished; by default the present one."""
        return self.path

    @abstractmethod
    def write_record(self, record: Mapping[str, Any]) -> None:
        """Write ``run.json``, completely or not at all.

        Args:
            record: The record, with values that JSON can hold.

        Raises:
            OSError: If it cannot be written.
        """

    @abstractmethod
    def append_metrics(self, lines: str) -> None:
        """Append to ``metrics.jsonl``.

        Args:
            lines: Whole lines, each with its line feed.

        Raises:
            OSError: If they cannot be written.
        """

    @abstractmethod
    def write_artifact(self, name: str, content: bytes) -> None:
        """Write a file below ``artifacts/``.

        Args:
            name: Its name, which may contain folders.
            content: Its content.

        Raises:
            ValueError: If the name leads out of the artifacts.
            FileExistsError: If a folder has this name, or a file has the name of one of its folders.
            OSError: If the file cannot be written.
        """

    @abstractmethod
    def begin_package(self, limit: int | None) -> Package:
        """Begin a package beside its final place.

        Args:
            limit: The most bytes that it may have, or None.

        Returns:
            The package to write into.

        Raises:
            OSError: If it cannot be begun.
        """

    @abstractmethod
    def keep_package(self, package: Package, name: str, replaces: bool = False) -> str:
        """Seal a package and move it to its place.

        Args:
            package: A package of `begin_package`.
            name: The name that it should have.
            replaces: Whether it replaces the package of that name, if there is one. If this is interrupted, either the
                old or the new package is there.

        Returns:
            The name of the package: `name`, or if another package has this name and is not replaced, `name` with the
            next free number, such as ``model-2``.

        Raises:
            ValueError: If the name is not a plain name.
            OSError: If the package cannot be written.
        """

    def settle(self) -> None:
        """Move the run to its final folder now, while it is still being written, so that paths into it stay valid.

        By default it does nothing, and the run may be moved when it is finished.

        Raises:
            OSError: If it cannot be moved.
        """
        return

    def renew_lease(self) -> None:
        """Give a sign of life of the process that writes the run: see `Store.silence`. By default it does nothing.

        Raises:
            OSError: If it cannot be written.
        """
        return

    def drop_lease(self) -> None:
        """Give no more signs of life, so that `Store.silence` returns None. Finishing a run does the same."""
        return

    @abstractmethod
    def finish(self) -> None:
        """Remove packages that are not sealed, and move the run to the finished ones, unless it is there already.

        Raises:
            OSError: If it cannot be moved.
        """

    @abstractmethod
    def discard(self) -> None:
        """Delete the run, as if it had never begun.

        Raises:
            OSError: If it cannot be deleted.
        """

    @abstractmethod
    def mend(self, record: Mapping[str, Any] | None, incomplete: Iterable[str]) -> None:
        """Repair the run of a dead process. Other processes may do the same at the same time.

        Args:
            record: The record that replaces the present one; None to leave the present one.
            incomplete: The names of the incomplete files and folders to remove.

        Raises:
            OSError: If something cannot be written or removed.
        """


class JoinedRun(ABC):
    """A run that this process adds to while another process writes its record, or has written it.

    Any number of processes may add to a run at the same time, before and after it is finished. Each appends to a side
    file of its own, and none changes the record. If the run is finished meanwhile, they add to the finished run.
    """

    @property
    @abstractmethod
    def path(self) -> Path:
        """The folder of the run at this moment. It changes when the run is finished.

        Raises:
            UnknownRunError: If the run does not exist any more.
        """

    @abstractmethod
    def append(self, lines: str) -> None:
        """Append to the side file of this process: all lines, or none.

        Args:
            lines: Whole lines, each with its line feed.

        Raises:
            UnknownRunError: If the run does not exist any more.
            OSError: If they cannot be written.
        """

    @abstractmethod
    def write_artifact(self, name: str, content: bytes) -> None:
        """Write a file below ``artifacts/``, completely or not at all. The last one of several of the same name stays.

        Args:
            name: Its name, which may contain folders.
            content: Its content.

        Raises:
            ValueError: If the name leads out of the artifacts.
            FileExistsError: If a folder has this name, or a file has the name of one of its folders.
            UnknownRunError: If the run does not exist any more.
            OSError: If the file cannot be written.
        """

    @abstractmethod
    def begin_package(self, limit: int | None) -> Package:
        """Begin a package, as `OpenRun.begin_package` does.

        Args:
            limit: The most bytes that it may have, or None.

        Returns:
            The package to write into.
        """

    @abstractmethod
    def keep_package(self, package: Package, name: str) -> str:
        """Seal a package and move it to its place, as `OpenRun.keep_package` does.

        Args:
            package: A package of `begin_package`.
            name: The name that it should have.

        Returns:
            The name that it has.
        """

    def renew_lease(self) -> None:
        """Give a sign of life of this process: see `Store.silence`. By default it does nothing.

        Raises:
            OSError: If it cannot be written.
        """
        return

    def drop_lease(self) -> None:
        """Give no more signs of life, so that `Store.silence` returns None."""
        return


class Store(ABC):
    """A store of runs. The ids of runs sort by time."""

    location: str

    @abstractmethod
    def begin(self, run_id: str) -> OpenRun:
        """Begin a run.

        Args:
            run_id: The id of the new run.

        Returns:
            The run to write.

        Raises:
            OSError: If the store cannot be written.
        """

    @abstractmethod
    def reopen(self, run_id: str) -> OpenRun:
        """Open a finished run to add to it.

        Args:
            run_id: The id of the run.

        Returns:
            The run to write.

        Raises:
            UnknownRunError: If there is no such run.
        """

    @abstractmethod
    def join(self, run_id: str, writer: str) -> JoinedRun:
        """Add to a run of another process, whether that is open or finished. Nothing is written yet.

        Args:
            run_id: The id of the run.
            writer: The name of the side file, which only this process uses: letters, digits, dots and hyphens.

        Returns:
            The run to add to.

        Raises:
            UnknownRunError: If there is no such run.
        """

    @abstractmethod
    def side_files(self, run_id: str) -> Mapping[str, bytes]:
        """Return the side files of a run, whether that is open or finished.

        Args:
            run_id: The id of the run.

        Returns:
            The content of each side file by the name of its writer. Its last line may be incomplete.

        Raises:
            UnknownRunError: If there is no such run.
            StoreError: If a side file cannot be read.
        """

    @abstractmethod
    def run_ids(self) -> Iterator[str]:
        """Yield the ids of all runs, including open ones, newest first.

        Raises:
            StoreError: If the store cannot be read.
        """

    @abstractmethod
    def folder(self, run_id: str) -> Path:
        """Return the folder of a run.

        Args:
            run_id: The id of the run.

        Raises:
            UnknownRunError: If there is no such run.
        """

    @abstractmethod
    def read_record(self, run_id: str) -> dict[str, Any]:
        """Return the record of a run, as JSON values.

        Args:
            run_id: The id of the run.

        Raises:
            UnknownRunError: If there is no such run.
            StoreError: If the record is broken or cannot be read.
        """

    @abstractmethod
    def leftovers(self, run_id: str) -> Leftovers:
        """Return what the folder of a run contains, for the cleanup after processes that died.

        Args:
            run_id: The id of the run.

        Raises:
            UnknownRunError: If there is no such run.
        """

    def silence(self, run_id: str, writer: str = "") -> float | None:
        """Return the time since the last sign of life of the process that writes a run.

        The clocks of the two processes may differ, so both times must be taken from the clock of the store. By default
        None.

        Args:
            run_id: The id of the run.
            writer: The name of a side file, for the process that writes this one instead of the record.

        Returns:
            Seconds; None if they are not known, because the process gives no signs of life or the store has no clock.
        """
        return None

    @abstractmethod
    def take_over(self, run_id: str, was_open: bool, is_dead: Callable[[Mapping[str, Any]], bool]) -> OpenRun | None:
        """Move the run of a dead process to the finished ones.

        Args:
            run_id: The id of the run.
            was_open: Whether `leftovers` found it among the open runs.
            is_dead: Tells from a record whether its process is dead. It is called when no other process can take the
                run any more; if it returns False, the run is put back.

        Returns:
            The run to write. None if it was put back, or if another process has taken it: of several callers exactly
            one gets the run.
        """

    def prepare_for(self, sender: str) -> None:
        """Leave a mark by which other processes, which execute tasks of a program, recognise the program's store.

        By default no mark is left, because all processes with the same location reach the same store.

        Args:
            sender: What identifies the program: letters and digits.

        Raises:
            OSError: If the store cannot be written.
        """
        return

    def is_prepared_for(self, sender: str) -> bool:
        """Return whether another process has called `prepare_for` on this very store. By default True.

        Args:
            sender: What identifies the program.
        """
        return True

    def forget_attempts(self, sender: str) -> None:
        """Remove the mark of a program that has ended, and the notes of `note_attempt` about its tasks.

        Args:
            sender: What identifies the program.

        Raises:
            OSError: If it cannot be removed.
        """
        return

    def note_attempt(self, sender: str, task: str, attempt: str, run_id: str) -> str | None:
        """Take note that a run has begun in an attempt at a task.

        By default no note is made, and the runs of a second attempt do not say which runs they replace.

        Args:
            sender: What identifies the program that has sent the task: letters and digits.
            task: What identifies the task among all that the program sends, in each attempt.
            attempt: What identifies the attempt.
            run_id: The id of the run.

        Returns:
            The run with the same number in the latest earlier attempt, such as the third run of that attempt for the
            third run of this one; None if there is none.

        Raises:
            OSError: If it cannot be noted.
        """
        return None
