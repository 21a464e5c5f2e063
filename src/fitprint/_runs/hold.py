"""What this process may do with a run: write its record, add to the run of another process, or only read it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fitprint._core import work_queue
from fitprint._core.signal_handlers import own
from fitprint._runs.adder import RunAdder
from fitprint._runs.merge import read_whole_record, whole_record
from fitprint._runs.record import RUNNING, Record
from fitprint._runs.side_writer import SideWriter, side_writer
from fitprint._runs.writer import RunWriter, writers
from fitprint.stores import Store, open_store


class Hold:
    """What one `Run` object knows of its run, and what it may do with it.

    Args:
        record: The record of the run.
        store: Its store.
        writer: What writes the record, if this process does.
        side: What adds to the run, if another process writes the record.
        joined: Whether the run belongs to another block, thread or process: ending it ends this use alone.
        reopened: Whether `side` has opened the run again after its end.
    """

    def __init__(
        self,
        record: Record,
        store: Store,
        writer: RunWriter | None = None,
        *,
        side: SideWriter | None = None,
        joined: bool = False,
        reopened: bool = False,
    ) -> None:
        self.record = record
        self.store = store
        self.writer = writer
        self.before_end: list[Callable[[], None]] = []
        """Called when the run ends here, to end what is recorded on it or below it and is still open."""
        self._side = side
        self._joined = joined
        self._reopened = reopened
        self._left = False
        self._pid = os.getpid()

    @property
    def is_for_reading(self) -> bool:
        """Whether the run was read from a store, and cannot be added to."""
        return self.writer is None and self._side is None

    @property
    def is_of_this_process(self) -> bool:
        """Whether this process began to hold the run, and not a parent that it was forked from."""
        return self._pid == os.getpid()

    @property
    def is_own(self) -> bool:
        """Whether this process writes the record, and this use of the run is the one that ends it."""
        return self.writer is not None and self.writer.written_here and not self._joined

    @property
    def is_active(self) -> bool:
        """Whether the run can be the active one: until it ends, or this use of another block's run."""
        return not self._left and (self._joined or self.record.status == RUNNING)

    def owner(self) -> RunWriter:
        """Return what writes the record.

        Raises:
            RuntimeError: If the run was read from a store, or another process writes its record.
        """
        if self.writer is not None:
            return self.writer
        run_id = self.record.run_id
        if self._side is not None:
            raise RuntimeError(f"run {run_id} belongs to another process, which writes its record")
        raise RuntimeError(f"run {run_id} was read back: open it with start_run(run_id={run_id!r})")

    def adder(self) -> RunAdder:
        """Return what adds to the run.

        Raises:
            RuntimeError: If the run was read from a store.
        """
        if self._side is not None:
            return self._side
        writer = self.owner()
        if writer.written_here:
            return writer
        self._side = side_writer(self.store.location, self.record.run_id, writer.secrets.redactor.patterns)  # in a fork
        return self._side

    def whole(self) -> Record:
        """Return the record with what other processes have added. A run that was read is as it was at that moment."""
        work_queue.wait(self.record.run_id)
        if self.is_for_reading:
            return self.record
        try:
            if self.writer is not None and self.writer.written_here:
                self.writer.read_sources()
                return whole_record(self.record, self.store)
            self.flush()
            return read_whole_record(self.store, self.record.run_id)
        except own(OSError):  # the store cannot be read now, or the run was removed from it
            return self.record

    @property
    def skips(self) -> RunAdder | None:
        """What keeps the reasons why a part of the run is not recorded; None if nothing can be added here."""
        return None if self.is_for_reading else self.adder()

    def flush(self) -> None:
        """Write what this process has added, so that it can be read."""
        if self._side is not None:
            self._side.flush_metrics()
        if self.writer is not None and self.writer.written_here:
            self.writer.flush_metrics()

    def end(self, status: str) -> None:
        """End the run; of a run that belongs to another block, thread or process, end its use here.

        Raises:
            OSError: If the end cannot be written.
            RuntimeError: If the run is open in another process.
        """
        try:
            while self.before_end:
                self.before_end.pop(0)()
        finally:
            if self._joined:
                self._leave(status)
            elif self.writer is not None or self.record.status == RUNNING:
                self.owner().end(status)

    def _leave(self, status: str) -> None:
        if self._left:
            return
        self._left = True
        if self._reopened and self._side is not None:
            self.record = replace(self.record, status=status)
            self._side.end_again(status)
        else:
            self.flush()

    def to_state(self) -> tuple[Any, ...]:
        """Return what a pickle keeps: where the run is and, if it can be added to, how its secrets are recognized."""
        adder = self._side or self.writer
        patterns = adder.secrets.redactor.patterns if adder is not None else None
        return self.store.location, self.record.run_id, patterns

    @classmethod
    def from_state(cls, state: tuple[Any, ...]) -> Hold:
        """Hold a run that was pickled or copied. Raises StoreError if it is not in its store."""
        location, run_id, patterns = state
        store = open_store(location)
        if patterns is None:
            return cls(read_whole_record(store, run_id), store)
        writer = writers.get((location, run_id))
        if writer is not None and writer.written_here:  # a copy in the process that writes the record
            return cls(writer.record, store, writer, joined=True)
        side = side_writer(location, run_id, patterns)
        return cls(read_whole_record(store, run_id), store, side=side, joined=True)
