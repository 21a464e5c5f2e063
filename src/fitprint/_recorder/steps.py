"""The parts that every recording is made of: a guarded step, and the function through which flavors emit metrics."""

from __future__ import annotations

import functools
import numbers
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from fitprint._core.guard import describe, guarded
from fitprint._instrumentation import registry
from fitprint._recorder.rows_before import RowsBefore
from fitprint._runs.adder import RunAdder
from fitprint._runs.run import Run
from fitprint._runs.side_writer import Patterns, side_writer
from fitprint._runs.store_breaker import StoreUnavailable
from fitprint._runs.writer import RunWriter, writers
from fitprint.plugin.contract import TrainingCall

if TYPE_CHECKING:
    from fitprint._runs.checkpoints import CheckpointFile

MAX_UNREAD, SECONDS_UNREAD = 1000, 1.0
"""How many values that are not plain numbers an `Emitter` keeps, and for how many seconds."""
_NUMBERS = (float, int, numbers.Real)
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
    others, because reading each of them at once would make the training wait for the device.

    A copy emits into the same run, and so does one that was pickled into another process.
    """

    def __init__(self, writer: RunAdder, flavor: str, read_values: ReadValues, strict: bool) -> None:
        self._writer = writer
        self._flavor = flavor
        self._strict = strict
        self._read_values = read_values
        self._unread: list[tuple[str, Any, int, float]] = []
        self._read_at = time.monotonic() + SECONDS_UNREAD
        self.latest_step: int | None = None
        """The number of the last step of a loop; None elsewhere."""
        self._checkpoints: CheckpointFile | None = None

    def __call__(self, name: str, value: Any, step: int) -> None:
        """Record one value, measured now."""
        if _is_number(type(value)):  # type: ignore[arg-type]  # mypy takes classes for unhashable
            values: tuple[Any] = (value,)  # converted to float later, under the guard: a large int cannot be
            self.series(name, values, step, (time.time(),))
            return
        unread = self._unread
        unread.append((name, value, step, time.time()))
        if len(unread) >= MAX_UNREAD or time.monotonic() >= self._read_at:
            self.read_all()

    def read_all(self) -> None:
        """Read the values that were kept as they are, and record them."""
        unread, self._unread = self._unread, []
        self._read_at = time.monotonic() + SECONDS_UNREAD
        if not unread:
            return
        writer = self._writer_here()
        with guarded("per-iteration metrics", self._flavor, writer, self._strict):
            values = self._read_values([value for _, value, _, _ in unread])
            series: dict[str, list[tuple[float, int, float]]] = {}
            for (name, _, step, measured_at), value in zip(unread, values, strict=True):
                series.setdefault(name, []).append((value, step, measured_at))
            for name, entries in series.items():
                writer.add_series(name, *zip(*entries, strict=True))
            writer.flush_if_due()

    def __copy__(self) -> Emitter:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Emitter:
        return self

    def __reduce__(self) -> Any:
        return _unpickled_emitter, (*self._writer.address(), self._flavor, self._strict)

    def series(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> None:
        """Record the values of consecutive steps, each with its time in seconds since the epoch."""
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
            writer.add_tags({name: str(value) for name, value in tags.items()}, time.time())
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
