"""What can be added to a run, by the process that writes its record (`RunWriter`) and by others (`SideWriter`)."""

from __future__ import annotations

import os
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from errno import EEXIST, EINVAL, EISDIR, ENAMETOOLONG, ENOTDIR, ENOTEMPTY
from pathlib import Path
from typing import Any, Protocol

from fitprint._core.guard import warn_once
from fitprint._core.privacy import Redactor, in_force
from fitprint._core.signal_handlers import is_of_program, own
from fitprint._runs import store_breaker
from fitprint._runs.params import PreparedParam, Secrets, prepare_param
from fitprint._runs.record import Evaluation
from fitprint.models.package import Package
from fitprint.stores import UnknownRunError

_OF_A_NAME = (EEXIST, EINVAL, EISDIR, ENAMETOOLONG, ENOTDIR, ENOTEMPTY)
"""Errors that are about one name within the folder of a run, and not about the store."""
WATCHED, LONG = 1.0, 5.0
"""The seconds after which a thread writes the values that come before a pause, and after which a line is logged."""
FLUSH_INTERVAL = 1.0
"""The seconds after which buffered metrics and changed params are written while a run is open."""
MOST_AT_ONCE = 10
"""How many times values that come together after a pause are written at once. More of them come fast."""


class Source(Protocol):
    """Something that keeps values for a moment, to add many to a run at once."""

    def read_floats(self, wait: bool = True) -> None:
        """Add those that need not wait for a device, once no other thread is adding any; without waiting, or not."""


class RunAdder(ABC):
    """Adds params, metrics, tags, artifacts, packages and skip reasons to one run."""

    def __init__(self, run_id: str, location: str, redactor: Redactor | None) -> None:
        self.run_id = run_id
        self.secrets = Secrets(redactor or in_force())
        self.fault: OSError | None = None
        """The error because of which the store is left alone. The user has been warned of it."""
        self._location = location
        self._added = self._slow_until = self._flushed = float("-inf")
        self._at_once = 0
        """How many times what comes until `_slow_until` is still written at once."""
        self.sources: weakref.WeakSet[Source] = weakref.WeakSet()
        """What keeps values that it will add to the run."""
        self._long_from = float("inf")
        """From when on, by the monotonic clock, `_note_long` is called when a value is added."""

    @property
    @abstractmethod
    def path(self) -> Path:
        """The folder of the run. It moves when the run ends."""

    @abstractmethod
    def rename(self, name: str) -> None:
        """Give the run another name."""

    def add_tags(self, tags: Mapping[str, str], timestamp: float | None = None) -> None:
        """Add tags to the run. A secret is stored as ``***``, as in a param.

        Args:
            tags: The tags.
            timestamp: When they were set, in seconds since the epoch, or None for the beginning of the run. Where
                several processes set the same tag, the latest one stays.
        """
        stored: dict[str, str] = {}
        for name, value in tags.items():
            hidden: list[Any] = []
            stored[name] = self.secrets.redactor.value(name, value, hidden)
            if hidden:
                self.secrets.hidden[f"tag {name}"] = hidden
        self._set_tags(stored, timestamp)

    @abstractmethod
    def _set_tags(self, tags: Mapping[str, str], timestamp: float | None) -> None: ...

    def address(self) -> tuple[str, str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """Return where other processes find the run: the store, the run's id, and the patterns of its redactor."""
        return self._location, self.run_id, self.secrets.redactor.patterns

    def prepare_param(self, name: str, value: Any) -> PreparedParam:
        """Convert a param to what the run stores. Raises whatever the ``repr`` of the value raises."""
        return prepare_param(name, value, self.secrets.redactor)

    def add_param(self, name: str, value: Any) -> None:
        """Add a param with a value of any type."""
        self.add_prepared_param(name, prepare_param(name, value, self.secrets.redactor))

    def add_prepared_param(self, name: str, param: PreparedParam) -> None:
        """Add a param. If its artifact cannot be written, the run gets a skip reason."""
        if param.file is not None:
            try:
                self.write_artifact(*param.file)
            except own(OSError) as error:
                self.skip(f"the whole of param {name}", "store", error.strerror or str(error))
        self._set_param(name, param)

    @abstractmethod
    def _set_param(self, name: str, param: PreparedParam) -> None: ...

    def add_metric(self, name: str, value: float, step: int, time: float) -> None:
        """Add a value of a metric. It is buffered. `time` is in seconds since the epoch."""
        self.add_series(name, (value,), (step,), (time,))

    @abstractmethod
    def add_series(self, name: str, values: Sequence[float], steps: Sequence[int], times: Sequence[float]) -> None:
        """Add the values of a metric at some steps. They are buffered."""

    def add_evaluation(self, name: str, evaluation: Evaluation) -> None:
        """Add what is known of a metric of predictions, which has this name in the run."""
        facts = {key: self.hide(fact) if isinstance(fact, str) else fact for key, fact in evaluation.items()}
        self._set_evaluation(self.secrets.redactor.text(name), facts)

    @abstractmethod
    def _set_evaluation(self, name: str, facts: dict[str, Any]) -> None: ...

    @abstractmethod
    def write_artifact(self, name: str, content: bytes) -> None:
        """Write a file below ``artifacts/``."""

    @abstractmethod
    def begin_package(self, limit: int | None) -> Package:
        """Begin a package of at most `limit` bytes. It belongs to the run once `keep_package` is called."""

    @abstractmethod
    def keep_package(self, package: Package, name: str, about: Mapping[str, Any], replaces: bool = False) -> str:
        """Seal a package and add it to the run.

        Args:
            package: A package of `begin_package`.
            name: The name that it should have.
            about: What the record says about it.
            replaces: Whether it takes the place of the package of that name, if this process writes the record.

        Returns:
            The name that it has, which gets a number if `name` is taken and that package is not replaced.
        """

    @abstractmethod
    def skip(self, what: str, rule: str, reason: str) -> None:
        """Add a reason why something is not recorded. The same reason is added only once."""

    def hide(self, text: str) -> str:
        """Return a text about this run with the secrets in it redacted."""
        return self.secrets.hide(text)

    @abstractmethod
    def write(self) -> None:
        """Write now all that was added.

        Raises:
            OSError: If it cannot be written.
        """

    def flush_if_due(self) -> None:
        """Write what is buffered: once a second while values come fast, and at once while they come slowly.

        The first values after a pause are written at once, because it is not known yet how fast they come. What cannot
        be written stays in the buffer.
        """
        now = time.monotonic()
        if now - self._added >= FLUSH_INTERVAL:
            self._slow_until, self._at_once = now + FLUSH_INTERVAL, MOST_AT_ONCE
        self._added = now
        is_slow = now < self._slow_until
        if is_slow or now - self._flushed >= FLUSH_INTERVAL:
            self._try_to_write()
        if is_slow:
            self._at_once -= 1
            if self._at_once <= 0:
                self._slow_until = float("-inf")
                if self._long_from != float("inf"):
                    self._long_from = min(self._long_from, now)  # a thread writes the last of them
        if now >= self._long_from:  # asked here too, because this is done at each step of a loop
            self._note_long()

    def note_if_long(self, now: float) -> None:
        """Take note that the run has been open for some time, if it has.

        Args:
            now: The time by the monotonic clock.
        """
        if now >= self._long_from:
            self._note_long()

    def _note_long(self) -> None:
        """Take note that the run has been open for some time."""
        self._long_from = float("inf")

    @abstractmethod
    def _try_to_write(self) -> None:
        """Write what is buffered, or keep as much of it as fits into the memory that it may take."""

    @abstractmethod
    def flush_metrics(self) -> None:
        """Write the buffered metrics, so that they can be read."""

    def read_sources(self, wait: bool = True) -> None:
        """Have added what is kept for the run.

        Args:
            wait: Whether to wait for another thread that is adding it just now. A caller that holds the lock of the
                run must not wait, and neither should one who has more to do, because that thread may wait for a device.
        """
        for source in list(self.sources):
            source.read_floats(wait)

    @abstractmethod
    def change(self, metrics_only: bool = False) -> AbstractContextManager[None]:
        """Return a context manager that writes what the user changes in it: metrics within a second."""

    def _store_operation(self) -> _StoreOperation:
        """Surround file operations of the run. Raises if the store failed a moment ago; a failure trips the breaker."""
        return _StoreOperation(self)

    def is_lost(self, error: OSError) -> bool:
        """Return whether an error means that nothing can be written now, which the user has already been warned of.

        Otherwise it is about what was being added, such as its name.
        """
        return error is self.fault or isinstance(error, (store_breaker.StoreUnavailable, UnknownRunError))

    def _handle_fault(self, error: OSError) -> bool:
        """Handle an error of the files of this run. Returns False if its folder is gone, and can never be written."""
        if isinstance(error, store_breaker.StoreUnavailable):
            return True
        if self._is_gone():
            self.fault = error
            warn_once(("removed run", self.run_id), f"run {self.run_id} was removed: what is added to it is lost")
            return False
        if error.errno not in _OF_A_NAME or not os.path.isdir(self.path):
            self.fault = error
            store_breaker.trip(self._location, error)
        return True

    @abstractmethod
    def _is_gone(self) -> bool:
        """Return whether the run has been removed."""


class _StoreOperation:
    """See `RunAdder._store_operation`. A class, because a generator takes three times as long."""

    __slots__ = ("_adder",)

    def __init__(self, adder: RunAdder) -> None:
        self._adder = adder

    def __enter__(self) -> None:
        store_breaker.check(self._adder._location)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and not is_of_program(error):
            self._adder._handle_fault(error)
