"""The callback that users give to a fit themselves, for runs without any patch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastai.callback.core import Callback

from fitprint.plugin import CallbackRecording, Emit, Listener, TrainingCall
from fitprint_fastai import _facts


class FitprintCallback(Listener, Callback):  # type: ignore[misc]  # mypy does not read fastai
    """Begins a run, and emits what the recorder has logged of each epoch. A training of several fits is one run."""

    order = 51
    """After fastai's recorder, which has 50."""

    def __init__(self, recording: CallbackRecording) -> None:
        super().__init__(recording)
        self._recording = recording
        self._of_recorder: TrainingCall | None = None

    def __reduce__(self) -> Any:
        return FitprintCallback, (self._recording,)

    def before_fit(self) -> None:
        """Begin a run; fastai calls this, and again for each further fit of the training."""
        if not self._recording.begin(self._listen, self.learn):
            self._of_recorder = None

    def _listen(self, call: TrainingCall, emit: Emit) -> Any:
        self._of_recorder = replace(call, instance=self.learn.recorder, args=(), kwargs={})
        return self._forget

    def _forget(self) -> None:
        self._of_recorder = None

    def after_epoch(self) -> None:
        """Emit the values of an epoch; fastai calls this."""
        if self._of_recorder is not None:
            _facts.emit_epoch(self._of_recorder)
