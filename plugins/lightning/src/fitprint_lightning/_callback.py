"""The callback that users add to a trainer themselves, for runs without any patch."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any

from fitprint.plugin import CallbackRecording, Emit, Listener, TrainingCall
from fitprint_lightning._checkpoints import note_kept
from fitprint_lightning._listening import NAMES, WithoutIdleHooks, listen


def make_callback(recording: CallbackRecording) -> Any:
    """Return a callback for the trainers of those packages of Lightning that are imported.

    Args:
        recording: Begins and ends the runs.
    """
    return _callback_class(tuple(name for name in NAMES if name in sys.modules))(recording)


@functools.cache
def _callback_class(packages: tuple[str, ...]) -> Any:
    bases = [importlib.import_module(name).Callback for name in packages]
    return type("FitprintCallback", (RecordingCallback, *bases), {})


class RecordingCallback(WithoutIdleHooks, Listener):
    """Begins a run, and puts the listener of patched calls among the callbacks of the trainer for the time of a fit."""

    def __init__(self, recording: CallbackRecording) -> None:
        super().__init__(recording)
        self._recording = recording

    def __reduce__(self) -> Any:
        return make_callback, (self._recording,)

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Begin a run; Lightning calls this."""
        if stage == "fit":
            self._recording.begin(follow, trainer)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Take note of what ends the training; Lightning calls this."""
        self._recording.end(exception)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Take note of the end of the training; Lightning calls this."""
        if stage == "fit":
            self._recording.end()


def follow(call: TrainingCall, emit: Emit) -> Callable[[], None]:
    """Follow a training that has begun.

    Args:
        call: The call of `Trainer.fit`.
        emit: Records values of metrics.

    Returns:
        What is done when it has ended.
    """
    trainer, remove = call.instance, listen(call, emit)

    def finish() -> None:
        remove()
        note_kept(emit, trainer, set())  # of no call that saves one was taken note

    return finish
