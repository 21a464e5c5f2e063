"""What a plugin's author says of one way to train: how, on what, and what has to come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitprint._runs.run import Run


def _itself(trained: Any) -> Any:
    return trained


def _newest(runs: Sequence[Run]) -> Run:
    return runs[0]


@dataclass(frozen=True)
class Budget:
    """What recording one call may cost, in CPU time of the calling thread: the larger of the two, beyond the call."""

    seconds: float = 0.0
    ratio: float = 0.0
    """Of the time that the call takes without recording."""


@dataclass(frozen=True)
class Case:
    """One way to train. Every function is called many times, with recording on and off, and in other processes."""

    name: str
    data: Callable[[], Any]
    """Everything that is handed to the framework, made anew at each call: best a dict, lists of callbacks included."""
    train: Callable[[Any], Any]
    """From that data to what the framework gives. The same data trains the same model: fix the seeds."""
    model: Callable[[Any], Any] = _itself
    """From what `train` gave to the model: for a model that is not what `train` returns."""
    rows: Callable[[Any], Any] | None = None
    """From the data to what is predicted on; by default the data itself."""
    predict: Callable[[Any, Any], Any] | None = None
    """(model, rows): what the framework itself predicts, as the package's `predict` has to give it. None: it cannot."""
    package: bool = True
    """Whether the training leaves a package."""
    params: Callable[[Any], Mapping[str, Any]] | None = None
    """From what `train` gave to all params that the run has to have."""
    history: Callable[[Any], Mapping[str, Sequence[float]]] | None = None
    """From what `train` gave to the framework's own history: the name of a recorded metric to its values, in order."""
    stopped: Callable[[Any], Mapping[str, float]] | None = None
    """From what `train` gave to the metrics that tell where early stopping ended it."""
    nested: Callable[[Any], Any] | None = None
    """From the data to a training that trains models of this flavor inside: all of it is one run."""
    fails: Callable[[Any], Any] | None = None
    """From the data to a training that the framework itself refuses, with an error of its own.

    Its message has to be the same each time: without a time of day or an address.
    """
    clone: Callable[[Any], Any] | None = None
    """The framework's own way to copy a model, untrained."""
    pickles: bool = True
    """Whether the framework's models can be pickled."""
    copies: bool = True
    """Whether `copy.copy` and `copy.deepcopy` work on them."""
    runs: int = 1
    """How many outermost runs one training leaves."""
    run: Callable[[Sequence[Run]], Run] = _newest
    """From these runs, newest first, to the one of the model."""
    tolerance: float = 1e-6
    """How far predictions may differ, relative to their size."""
    same_prediction: Callable[[Any, Any], bool] | None = None
    """(expected, found): for predictions that are neither numbers, texts, arrays, DataFrames nor lists of these."""

    def rows_of(self, data: Any) -> Any:
        """What is predicted on."""
        return self.rows(data) if self.rows is not None else data
