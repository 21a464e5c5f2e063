"""System metrics of a run: how busy the machine is, every ten seconds from its begin to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fitprint._core import background
from fitprint._core.guard import guarded
from fitprint._core.machine import Gpus, Machine, has_nvidia_gpu
from fitprint._core.signal_handlers import own, suppress_own
from fitprint._runs.writer import RunWriter

SECONDS = 10.0
_NAME = "system metrics"
_GPUS = "system metrics of the GPUs"


def sample_until_end(writer: RunWriter, seconds: float | None = None) -> None:
    """Add system metrics to a run until it ends, from a thread of fitprint's own.

    Args:
        writer: The writer of the run.
        seconds: The interval; ten seconds by default.
    """
    sampler = _Sampler(writer)
    if sampler.reads:
        writer.at_end.append(sampler.end)
        background.call_every(SECONDS if seconds is None else seconds, sampler.sample)


class _Sampler:
    def __init__(self, writer: RunWriter) -> None:
        self._writer = writer
        self._step = 0
        self.reads: list[Callable[[], dict[str, float]]] = []
        """What returns values by their names. One that fails is not asked again."""
        try:
            self.reads.append(Machine().values)
        except own(ModuleNotFoundError):
            writer.skip(_NAME, "log_system_metrics", "psutil is not installed, and this system has no /proc")
        if has_nvidia_gpu():
            with guarded(_GPUS, skips=writer):
                try:
                    self.reads.append(Gpus().values)
                except own(ModuleNotFoundError):
                    writer.skip(_GPUS, "log_system_metrics", "pynvml is not installed: pip install nvidia-ml-py")

    def sample(self) -> None:
        """Read and write the values of this moment."""
        now = time.time()
        for read in list(self.reads):
            with self._once(read):
                for name, value in read().items():
                    self._writer.add_metric(name, value, self._step, now)
        self._step += 1
        with suppress_own(OSError):  # they stay in the buffer
            self._writer.flush_metrics()

    def end(self) -> None:
        """Sample no more."""
        background.call_no_more(self.sample)

    @contextmanager
    def _once(self, read: Callable[[], dict[str, float]]) -> Iterator[None]:
        """Give up what fails, with a skip reason of the run."""
        with guarded(_NAME, skips=self._writer) as step:
            yield
        if step.failed:
            self.reads.remove(read)
