"""What a flavor gives to be recorded besides params: values of metrics during the training, and runs below a search."""

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
            value: Its value: a number, or something that `Flavor.read_values` makes a number of later, such as a tensor
                on a device. It must not change afterwards.
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
            tags: The tags. Those that are known only after the training are better returned by `Flavor.tags`.
        """

    def checkpoint(
        self,
        path: str | os.PathLike[str],
        *,
        step: int | None = None,
        score: Any = None,
        monitor: str | None = None,
    ) -> None:
        """Take note of a checkpoint that the user's own code or callback has just written. It writes none itself.

        The run then has it in its artifact ``checkpoints.json``, with its size and, when the training has ended, its
        SHA-256, or that it was deleted meanwhile. A checkpoint that was written to the same path before is replaced.
        This reads no file, so that it takes no more time for a large checkpoint than for a small one.

        Args:
            path: A file, a folder, or what the names of several files beside each other begin with; or a URL.
            step: The step or the epoch that has just ended, as the metrics of the training number them. In a loop by
                default its last step.
            score: The value of the metric by which the framework compares checkpoints: a number, or something that
                `Flavor.read_values` makes a number of.
            monitor: The name of that metric.
        """


class DiscardingEmit:
    """The `emit` of a call that is not recorded: it ignores what it is given."""

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
    """A run below another one, such as a candidate of a search, rebuilt from what the framework kept of it."""

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
    """A model that a training has found better than its last one."""

    model: Any
    """The model. It is not the user's own one, whose weights stay as they are."""
    step: int | None = None
    """The step or the epoch that it is of, as the metrics number them, if this is known."""
    checkpoint: str | os.PathLike[str] | None = None
    """The checkpoint that it was loaded from, if it was."""


publish("fitprint.plugin", Emit, ChildRun, BestModel)
