"""What else a flavor has recorded: values of metrics during the training, its best model, and runs below a search."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fitprint._core.publish import publish


class Emit(Protocol):
    """Records values of a metric while the training runs. It never raises."""

    def __call__(self, name: str, value: Any, step: int) -> None:
        """Record one value, with the current time.

        Args:
            name: The name of the metric.
            value: Its value: a number, or an object that `Flavor.read_values` turns into a number later, such as a
                tensor on a device. It must not change afterwards.
            step: The step, such as an iteration or an epoch, counted from 0.
        """

    def series(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> None:
        """Record the values of consecutive steps.

        Args:
            name: The name of the metric.
            values: The values, one for each step.
            first_step: The step of the first value.
            times: When each value was computed, in seconds since the epoch.
        """

    def read_all(self) -> None:
        """Read now the values that were given as something else than numbers, and record them.

        It is called without this about once a second, as long as values come, and when the call that is recorded has
        ended in the process in which it was made. It is for what comes before a long pause, and for the end of a
        training in another process.
        """

    def tags(self, tags: Mapping[str, str]) -> None:
        """Add tags to the run at once, so that a training that is killed later has them too.

        Two names are the same for all flavors: ``device``, where the model is trained, and ``precision``, both in the
        framework's own words, such as ``cuda:0`` and ``bf16-mixed``. ``rank`` and ``world_size`` are tags that
        fitprint sets itself, by `Flavor.world`.

        Args:
            tags: The tags. Tags that are known only after the training should be returned by `Flavor.tags` instead.
        """

    def checkpoint(
        self,
        path: str | os.PathLike[str],
        *,
        step: int | None = None,
        score: Any = None,
        monitor: str | None = None,
    ) -> None:
        """Take note of a checkpoint that the user's own code or callback has just written. This method writes none.

        The run then lists it in its artifact ``checkpoints.json`` with its size. When the training has ended, its
        SHA-256 is added, or that it was deleted meanwhile. An earlier checkpoint with the same path is replaced. No
        file is read here, so this takes the same time for checkpoints of all sizes.

        Args:
            path: A file, a folder, or the common beginning of the names of several files; or a URL.
            step: The step or the epoch that has just ended, numbered as in the metrics of the training. In a loop, it
                is by default the last step.
            score: The value of the metric by which the framework compares checkpoints: a number, or an object that
                `Flavor.read_values` turns into a number.
            monitor: The name of that metric.
        """


class DiscardingEmit:
    """The `emit` of a call that is not recorded: it ignores all values."""

    def __call__(self, name: str, value: float, step: int) -> None:
        """Ignore the value."""

    def series(self, name: str, values: Sequence[float], first_step: int, times: Sequence[float]) -> None:
        """Ignore the values."""

    def read_all(self) -> None:
        """Do nothing: no value was kept."""

    def tags(self, tags: Mapping[str, str]) -> None:
        """Ignore the tags."""

    def checkpoint(
        self,
        path: str | os.PathLike[str],
        *,
        step: int | None = None,
        score: Any = None,
        monitor: str | None = None,
    ) -> None:
        """Ignore the checkpoint."""


DISCARDING = DiscardingEmit()  # shared, like the default settings below, because a loop makes a call at every step


@dataclass
class ChildRun:
    """A run below another one, such as a candidate of a search, with what the framework has kept of it."""

    name: str
    """The name of the run."""
    params: Mapping[str, Any]
    """Its params."""
    metrics: Mapping[str, float]
    """Its metrics."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Its tags, in addition to those that every run has."""


@dataclass
class BestModel:
    """The best model of a training, if it is not the last one."""

    model: Any
    """The model. It is not the user's own object, whose weights must not change."""
    step: int | None = None
    """The step or the epoch in which the model was this one, numbered as in the metrics; None if it is not known."""
    checkpoint: str | os.PathLike[str] | None = None
    """The checkpoint that the model was loaded from; None if there is none."""


publish("fitprint.plugin", Emit, ChildRun, BestModel)
