"""The logger that users give to a trainer themselves, for runs without any patch: Lightning's own door for this."""

from __future__ import annotations

import functools
import importlib
import sys
from argparse import Namespace
from typing import Any

import fitprint
from fitprint.plugin import CallbackRecording, Emit, Listener, TrainingCall
from fitprint_lightning import _callback
from fitprint_lightning._listening import NAMES, computed_metrics

LOGGED = "hyperparameters of a logger"


def make_logger(recording: CallbackRecording) -> Any:
    """Return a logger for the trainers of those packages of Lightning that are imported.

    Args:
        recording: Begins and ends the runs.
    """
    return _logger_class(tuple(name for name in NAMES if name in sys.modules))(recording)


@functools.cache
def _logger_class(packages: tuple[str, ...]) -> Any:
    bases = [importlib.import_module(f"{name}.loggers").Logger for name in packages]
    return type("FitprintLogger", (RecordingLogger, *bases), {})


class RecordingLogger(Listener):
    """Begins the run that the callback would begin, and adds what only a logger is given: what users log with it."""

    name = version = ""
    """Parts of the default path of checkpoints, which is then the one without a logger."""

    def __init__(self, recording: CallbackRecording) -> None:
        super().__init__(recording)
        self._recording = recording
        self._trainer: Any = None
        self._hyperparameters: dict[str, Any] = {}

    def __reduce__(self) -> Any:
        return make_logger, (self._recording,)

    @property
    def experiment(self) -> Any:
        """The run."""
        return fitprint.last_run()

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Take hyperparameters; Lightning gives those of the module, which the run has already."""
        self._hyperparameters |= vars(params) if isinstance(params, Namespace) else dict(params)

    def log_graph(self, model: Any, *args: Any) -> None:
        """Begin a run; Lightning calls this when a training begins, and also before it tests and predicts."""
        self._trainer = model.trainer
        if self._trainer.state.fn == "fit":
            self._recording.begin(self._follow, self._trainer)

    def _follow(self, call: TrainingCall, emit: Emit) -> Any:
        self.emit, call.cache[LOGGED] = emit, self._hyperparameters
        return _callback.follow(call, emit)

    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        """Record what the user logs; what the module logs, which Lightning gives too, is recorded as always."""
        if self._trainer is not None:
            known = {"epoch", *computed_metrics(self._trainer)}
            for name in metrics.keys() - known:
                self.emit(name, float(metrics[name]), self._trainer.global_step if step is None else step)

    def finalize(self, status: str) -> None:
        """Take note of the end of the training; Lightning calls this."""
        if self._trainer is not None and self._trainer.state.fn == "fit":
            self._recording.end(None if status == "success" else sys.exc_info()[1])
