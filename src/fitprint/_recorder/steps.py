"""The parts that every recording is made of: a guarded step, and the function through which flavors emit metrics."""

from __future__ import annotations

import functools
import numbers
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from time import monotonic
from time import time as wall_time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from fitprint._core.guard import describe, guarded
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_state import in_forked_child
from fitprint._instrumentation import registry
from fitprint._recorder.rows_before import RowsBefore
from fitprint._runs.adder import MOST_AT_ONCE, RunAdder
from fitprint._runs.run import Run
from fitprint._runs.side_writer import Patterns, side_writer
from fitprint._runs.store_breaker import StoreUnavailable
from fitprint._runs.writer import RunWriter, writers
from fitprint.plugin.contract import TrainingCall

if TYPE_CHECKING:
    from fitprint._runs.checkpoints import CheckpointFile

MAX_UNREAD, SECONDS_UNREAD = 1000, 1.0
"""How many values that are not plain numbers an `Emitter` keeps, and for how many seconds."""
ADDED_AT_ONCE = MOST_AT_ONCE + 1
"""How many values after a pause are added at once: one more than those after which the run gets a thread for the rest.
"""
_AT_ONCE = float("-inf")
_NUMBERS = (float, int, numbers.Real)
_emitters: weakref.WeakSet[Emitter] = weakref.WeakSet()
ReadValues = Callable[[Sequence[Any]], Iterable[float]]


@functools.lru_cache(maxsize=64)  # an abstract class such as `Real` takes long to answer, at each step of a loop
def _is_number(kind: type) -> bool:
    return issubclass(kind, _NUMBERS)


class RecordingStep(guarded):
    """One guarded step of a recording.

    An error of the store becomes a skip reason of the run and no warning, because the store has warned of it already.
    """

    __slots__ = ("writer",)

    def __init__(self, name: str, flavor: str, writer: RunWriter, strict: bool) -> None:
        super().__init__(name, flavor, writer, strict)
        self.writer = writer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            return False
        is_store_error = isinstance(error, StoreUnavailable) or error is self.writer.fault
        if not is_store_error or self.strict:
            return super().__exit__(kind, error, trace)
        self.failed = True
        self.reason = describe(error)
        self.writer.skip(self.step, "store", self.reason)
        return True


class Recording(Protocol):
    """What the steps of a recording need to know about it."""

    call: TrainingCall
    run: Run
    rows_before: RowsBefore | None

    @property
    def writer(self) -> RunWriter:
        """The writer of the run."""

    @property
    def may_finish_later(self) -> bool:
        """Whether the package may be written in the background."""

    def step(self, name: str) -> RecordingStep:
        """Return a guarded step of the recording, to be entered with `with`."""

    def finish_later(self, step: RecordingStep, work: Callable[[], object]) -> None:
        """Have something done in the background, as a guarded step, before the run ends there."""


class Emitter:
    """What flavors call with the values of a metric during the user's training. It never raises.

    A value that is not a plain number, such as a tensor on a device, is kept as it is and read later together with
    others, because reading each of them at once would make the training wait for the device. Floats are kept too while
    they come fast, because adding many at once takes far less time than adding each.

    A copy emits into the same run, and so does one that was pickled into another process.
    """

    def __init__(self, writer: RunAdder, flavor: str, read_values: ReadValues, strict: bool) -> None:
        self._writer = writer
        self._flavor = flavor
        self._strict = strict
        self._read_values = read_values
        self._unread: list[Any] = []
        """What has not been added to the run: four entries for each value, its name, itself, its step and its time. Not
        in tuples, because many new objects would make Python look for garbage among all objects of the program."""
        self._has_floats = False
        """Whether floats may be among these."""
        self._lock = fork_safe_lock(threading.RLock)
        self._read_at = _AT_ONCE
        """When, by the monotonic clock, what is kept is to be read."""
        self._at_once = ADDED_AT_ONCE
        """For how many values it is still not known how fast they come: floats among them are added at once."""
        self.latest_step: int | None = None
        """The number of the last step of a loop; None elsewhere."""
        self._checkpoints: CheckpointFile | None = None
        self._keeps_floats = isinstance(writer, RunWriter)
        """Whether floats may be kept: only in the process that writes the record, and that has a thread for them."""
        writer.sources.add(self)
        _emitters.add(self)

    def __call__(self, name: str, value: Any, step: int) -> None:
        """Record one value, measured now."""
        is_float = type(value) is float and self._keeps_floats
        # any other number is converted to float by itself, because a large int cannot be
        if not is_float and _is_number(type(value)):  # type: ignore[arg-type]  # mypy takes classes for unhashable
            self.series(name, (value,), step, (wall_time(),))
            return
        unread = self._unread
        unread.extend((name, value, step, wall_time()))
        if is_float:
            self._has_floats = True
        if monotonic() >= self._read_at or len(unread) >= 4 * MAX_UNREAD:
            self._read_what_is_due(is_float)

    def _read_what_is_due(self, is_float: bool) -> None:
        """Read what is kept if it is time. The first floats after a pause are read at once.

        Args:
            is_float: Whether the latest value is a float.
        """
        times = self._unread[3::4]
        are_due = len(times) >= MAX_UNREAD or (len(times) > 1 and times[-1] - times[0] >= SECONDS_UNREAD)
        if self._at_once > 0:
            self._at_once -= 1
            if are_due:
                self.read_all()
            elif is_float:
                self.read_floats()
            self._read_at = _AT_ONCE if self._at_once > 0 else monotonic() + SECONDS_UNREAD
            return
        is_after_pause = is_float and (len(times) <= 1 or times[-1] - times[-2] >= SECONDS_UNREAD)
        self.read_all()
        if is_after_pause:
            self._at_once, self._read_at = ADDED_AT_ONCE - 1, _AT_ONCE

    def read_all(self) -> None:
        """Read the values that were kept as they are, and record them."""
        self._read_kept(self._read)

    def read_floats(self, wait: bool = True) -> None:
        """Record the floats that were kept, and leave what may have to wait for a device.

        Args:
            wait: Whether to wait for another thread that is reading just now, which may itself wait for a device.
        """
        if not self._has_floats:
            return
        if wait:
            self._read_kept(None)
        elif self._lock.acquire(blocking=False):
            try:
                self._read_kept(None)
            finally:
                self._lock.release()

    def _read_kept(self, read: Callable[[list[Any]], list[float]] | None) -> None:
        """Record values that were kept.

        Args:
            read: Reads the values; None to record only those that are floats.
        """
        with self._lock:
            self._has_floats = False
            entries = self._unread[:]
            names, values, steps, times = entries[::4], entries[1::4], entries[2::4], entries[3::4]
            now = [read is not None or type(value) is float for value in values]
            later = [entry for at, is_now in enumerate(now) if not is_now for entry in entries[4 * at : 4 * at + 4]]
            self._unread[: len(entries)] = later  # without touching what another thread has added meanwhile
            if not later:  # else it stays as it is, so that often reading floats does not put off reading the others
                self._read_at = monotonic() + SECONDS_UNREAD
            if not any(now):
                return
            writer = self._writer_here()
            with guarded("per-iteration metrics", self._flavor, writer, self._strict) as reading:
                try:
                    columns = [values if read is None else read(values), steps, times]
                except BaseException:  # also if the user interrupts it while it waits for a device
                    floats = [at for at, value in enumerate(values) if type(value) is float]
                    self._unread[:0] = [entry for at in floats for entry in entries[4 * at : 4 * at + 4]]
                    self._has_floats = self._has_floats or bool(floats)
                    raise
                for name in dict.fromkeys(compress(names, now)):
                    own = [is_now and other == name for is_now, other in zip(now, names, strict=True)]
                    writer.add_series(name, *(list(compress(column, own)) for column in columns))
                writer.flush_if_due()
            if reading.failed:
                self.read_floats()

    def _read(self, values: list[Any]) -> list[float]:
        """Return values of which the flavor has read those that are no floats."""
        unread = [value for value in values if type(value) is not float]
        read = list(self._read_values(unread)) if unread else []
        if len(read) != len(unread):
            raise ValueError(f"read_values returned {len(read)} numbers for {len(unread)} values")
        numbers = iter(read)
        return [value if type(value) is float else next(numbers) for value in values]

    def __copy__(self) -> Emitter:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Emitter:
        return self

    def __reduce__(self) -> Any:
        return _unpickled_emitter, (*self._writer.address(), self._flavor, self._strict)

    def series(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> None:
        """Record the values of consecutive steps, each with its time in seconds since the epoch."""
        self.read_floats()  # first, because they are older
        writer = self._writer_here()
        with guarded("per-iteration metrics", self._flavor, writer, self._strict):
            writer.add_series(name, values, range(first_step, first_step + len(values)), times)
            writer.flush_if_due()

    def checkpoint(
        self,
        path: str | os.PathLike[str],
        *,
        step: int | None = None,
        score: Any = None,
        monitor: str | None = None,
    ) -> None:
        """Take note of a checkpoint that has just been written."""
        writer = self._writer_here()
        with guarded("a checkpoint", self._flavor, writer, self._strict):
            if score is not None and not isinstance(score, _NUMBERS):
                (score,) = self._read_values([score])
            number = self.latest_step if step is None else int(step)
            self._checkpoint_file(writer).add(
                os.fsdecode(path), number, None if score is None else float(score), monitor
            )
            writer.flush_if_due()

    def complete_checkpoints(self, training_seconds: float) -> None:
        """Note what has become of the checkpoints, now that the training has ended: also those of other processes."""
        writer = self._writer
        if self._checkpoints is None and not os.path.exists(f"{writer.path}/artifacts/checkpoints.json"):
            return
        with guarded("the checkpoints", self._flavor, writer, self._strict):
            self._checkpoint_file(writer).complete(training_seconds)

    def _checkpoint_file(self, writer: RunAdder) -> CheckpointFile:
        from fitprint._runs.checkpoints import CheckpointFile

        if self._checkpoints is None or self._checkpoints.adder is not writer:
            self._checkpoints = CheckpointFile(writer)
        return self._checkpoints

    def tags(self, tags: Mapping[str, str]) -> None:
        """Add tags to the run at once."""
        writer = self._writer_here()
        with guarded("tags", self._flavor, writer, self._strict):
            writer.add_tags({name: str(value) for name, value in tags.items()}, wall_time())
            writer.write()

    def _writer_here(self) -> RunAdder:
        """Return what adds to the run in this process: in a forked child, that is not what its parent has."""
        if isinstance(self._writer, RunWriter) and not self._writer.written_here:
            self._writer = side_writer(*self._writer.address())
        return self._writer


def _unpickled_emitter(location: str, run_id: str, patterns: Patterns, flavor_name: str, strict: bool) -> Emitter:
    """Return an emitter for a run that another process writes, or this one where the emitter has only been copied."""
    own = writers.get((location, run_id))
    writer = own if own is not None and own.written_here else side_writer(location, run_id, patterns)
    entry = registry.entries().get(flavor_name)
    flavor = entry.loaded if entry is not None else None
    return Emitter(writer, flavor_name, flavor.read_values if flavor is not None else _floats, strict)


def _floats(values: Sequence[Any]) -> list[float]:
    return [float(value) for value in values]


@in_forked_child
def _forget_unread() -> None:
    """In a forked child: what was kept is recorded by the parent."""
    for emitter in _emitters:
        emitter._unread.clear()
        emitter._keeps_floats = False
