"""The callback that users give to a trainer themselves, and the name by which they ask for it: ``report_to``."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback
from transformers.integrations import integration_utils

import fitprint
from fitprint.plugin import CallbackRecording, Listener


class Callback(Listener, TrainerCallback):  # type: ignore[misc]  # mypy does not read transformers
    """Begins a run, and puts the listener of patched calls among the callbacks of the trainer while it trains."""

    def __init__(self, recording: CallbackRecording) -> None:
        super().__init__(recording)
        self._recording = recording

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Begin a run; transformers calls this."""
        self._recording.begin()

    def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Take note of the end of the training; transformers calls this."""
        self._recording.end()


class _Reporting(type):
    """Makes `fitprint.transformers.callback()` of what a trainer takes for a class of callbacks."""

    def __call__(cls) -> Any:
        return fitprint.transformers.callback()


class FitprintCallback(metaclass=_Reporting):
    """What a trainer with ``report_to="fitprint"`` makes its callback of."""


def register() -> None:
    """Make ``report_to="fitprint"`` known: among the names of integrations, which transformers keeps in a dict."""
    integration_utils.INTEGRATION_TO_CALLBACK.setdefault("fitprint", FitprintCallback)
