"""Helpers for following a training: callbacks whose errors are caught, and histories of metrics at almost no cost."""

from __future__ import annotations

import contextlib
import functools
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

from fitprint.plugin.by_callback import CallbackRecording
from fitprint.plugin.callbacks import SafeCallback
from fitprint.plugin.contract import TrainingCall
from fitprint.plugin.emit import DISCARDING, Emit

SECONDS_BETWEEN_EMITS = 1.0
STEP = "per-iteration metrics"

History = Mapping[str, Sequence[float]]
"""The values of every metric from the first iteration on, by the name of the metric."""


class MetricHistory:
    """Emits the values that a framework adds to its own history of metrics: once a second, and at the end.

    The i-th value of a metric belongs to step ``first_step + i * every``, but not to a step after ``last_step``.
    """

    __module__ = "fitprint.plugin"

    def __init__(self, call: TrainingCall, emit: Emit, read: Callable[[], History]) -> None:
        """Prepare to emit.

        Args:
            call: The call that is recorded. No reference to it is kept.
            emit: Records the values.
            read: Returns the present history. It is called only when values are to be emitted, not at every iteration.
        """
        self.first_step = 0
        self.every = 1
        self.last_step: int | None = None
        self._emit = emit
        self._read = read
        self._guard = call.guard("per-iteration metrics")
        self._emitted: dict[str, int] = {}
        self._times: list[float] = []
        self._due = time.monotonic() + SECONDS_BETWEEN_EMITS

    @property
    def iterations(self) -> int:
        """The number of iterations so far, as far as a metric shows it."""
        return max(self._emitted.values(), default=0)

    def after_iteration(self) -> None:
        """Take note that an iteration has ended. An error in here does not reach the training."""
        self._times.append(time.time())
        if time.monotonic() >= self._due:
            with self._guard:
                self.drain()

    def drain(self) -> None:
        """Emit everything that has not been emitted yet."""
        self._due = time.monotonic() + SECONDS_BETWEEN_EMITS
        for name, values in self._read().items():
            start = self._emitted.get(name, 0)
            self._emitted[name] = len(values)
            self._emit_values(name, values[start:], start)

    def _emit_values(self, name: str, values: Sequence[float], start: int) -> None:
        now = time.time()
        times = self._times[start * self.every :: self.every][: len(values)]
        times += [now] * (len(values) - len(times))
        if self.every == 1:
            self._emit.series(name, values, self.first_step + start, times)
            return
        for position, (value, stamp) in enumerate(zip(values, times, strict=True), start):
            step = self.first_step + position * self.every
            self._emit.series(name, (value,), step if self.last_step is None else min(step, self.last_step), (stamp,))


def safe_callback(call: TrainingCall, function: Callable[..., Any], step: str = STEP) -> SafeCallback:
    """Return a function for the framework to call, whose errors never reach the training.

    Args:
        call: The call that is recorded. No reference to it is kept.
        function: The function to call. What it returns is returned; after an error, None.
        step: What the function does, for the report of an error.
    """
    return call.wrap(function, step)


class ModelInTraining:
    """The model that a training is working on, as a listener sees it, for `Flavor.keeps_on_failure`.

    It does not keep the model alive. After an error, the traceback still refers to the frames of the framework's own
    functions, and these refer to the model. A copy, or an object that was unpickled, has no model.
    """

    __module__ = "fitprint.plugin"

    def __init__(self) -> None:
        """Prepare to hold a model."""
        self._reference: weakref.ref[Any] | None = None

    def see(self, model: Any) -> None:
        """Take note of the model. It may be called at every iteration.

        Args:
            model: The model. One that Python cannot refer to weakly is not held.
        """
        if self._reference is None or self._reference() is not model:
            with contextlib.suppress(TypeError):
                self._reference = weakref.ref(model)

    def get(self) -> Any:
        """Return the model; None if none was seen, or if it does not exist any more."""
        return self._reference() if self._reference is not None else None

    def __reduce__(self) -> Any:
        return ModelInTraining, ()


class Listener:
    """The base of a plugin's callback object, beside the framework's own base class.

    Every public method that a subclass defines runs under the guard. After an error in it, the method of the
    framework's base class is called instead, so that the framework gets a result that it can use. A copy emits into the
    same run, and so does a copy that was pickled into another process, as far as the run can be written there.

    Example::

        class LossListener(Listener, tinyboost.Callback):
            def after_round(self, number, loss):
                self.emit("loss", loss, number)

        call.replace_argument("callbacks", [*own, LossListener(call, emit)])
    """

    __module__ = "fitprint.plugin"

    def __init__(self, call: TrainingCall | CallbackRecording, emit: Emit = DISCARDING) -> None:
        """Prepare to listen to a call.

        Args:
            call: The call that is recorded, of which no reference is kept; or the recording of `Flavor.callback`.
            emit: Records values of metrics; the methods of the subclass find it as ``self.emit``.
        """
        super().__init__()
        self.emit = emit
        self._fitprint_guard = call.guard(STEP)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, member in list(vars(cls).items()):
            if isinstance(member, FunctionType) and not name.startswith("_"):
                setattr(cls, name, _guarded_method(cls, name, member))


def _guarded_method(cls: type[Listener], name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call_guarded(self: Listener, *args: Any, **kwargs: Any) -> Any:
        with self._fitprint_guard:
            return method(self, *args, **kwargs)
        inherited = getattr(super(cls, self), name, None)
        return inherited(*args, **kwargs) if inherited is not None else None

    return call_guarded
