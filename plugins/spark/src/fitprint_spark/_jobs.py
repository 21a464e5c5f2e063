"""Spark's jobs that fitprint itself asks for: they have a name and a bound, and leave no trace in the session."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

from fitprint.plugin import attempt

_PROPERTIES = ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel", "spark.job.tags")
_POLL_SECONDS = 0.1


def context() -> Any:
    """Return the SparkContext of this process; None if there is none, as with Spark Connect."""
    return None if is_remote() else SparkContext._active_spark_context


def session() -> Any:
    """Return the session of this thread, or else of this process; if there is none, a local one is started."""
    return SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()


def is_local() -> bool:
    """Return whether all of Spark runs in this process and on the disk of this machine."""
    active = context()
    return active is not None and str(active.master).startswith("local")


class Bounded:
    """Surrounds calls that have Spark do something: its jobs are cancelled once they are over a bound.

    Args:
        what: What the jobs are for. Spark's own pages show it.
        is_over: Asked ten times a second in a thread of its own, whether the jobs have to end.
    """

    def __init__(self, what: str, is_over: Callable[[], bool]) -> None:
        self.was_cancelled = False
        self._what = what
        self._is_over = is_over
        self._group = f"fitprint-{uuid.uuid4().hex}"
        self._done = threading.Event()
        self._context = context()
        self._kept: dict[str, Any] = {}
        self._watch = threading.Thread(target=self._watches, daemon=True, name="fitprint-spark")

    def __enter__(self) -> Bounded:
        if self._context is not None:
            self._kept = {name: self._context.getLocalProperty(name) for name in _PROPERTIES}
            self._context.setJobGroup(self._group, f"fitprint: {self._what}")
            self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._context is not None:
            self._done.set()
            self._watch.join()
            for name, value in self._kept.items():
                self._context.setLocalProperty(name, value)

    def _watches(self) -> None:
        while not self._done.wait(_POLL_SECONDS):
            asked, is_over = attempt(self._is_over)
            if asked and is_over:
                self.was_cancelled = True
                attempt(self._context.cancelJobGroup, self._group)
