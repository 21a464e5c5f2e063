"""The part that runs in Spark's Python workers: it turns recording on when the first task of a program arrives."""

from __future__ import annotations

import os
import pickle
import socket
from typing import Any

from pyspark import TaskContext
from pyspark.accumulators import Accumulator

from fitprint.plugin import WorkerReport, WorkerSetup, attempt

PROPERTY = "fitprint.token"
"""The local property of a job with its token, which Spark shows in its event log."""

_turned_on = b""
"""The pickle of the setup that is in force."""
_setup: WorkerSetup | None = None


def worker_name() -> str:
    """Return the name of this process among the workers."""
    return f"{socket.gethostname()}/{os.getpid()}"


def begin(answers: Accumulator[Any], setup: bytes) -> None:
    """Turn recording on for a task, unless it is on already. No error leaves it.

    Args:
        answers: Takes (machine, problem, whether recording is on).
        setup: The pickle of the setup.
    """
    attempt(_begin, answers, setup)


def _begin(answers: Accumulator[Any], setup: bytes) -> None:
    global _turned_on, _setup
    task = TaskContext.get()
    if task is None or isinstance(answers, _AtTheEnd):  # planning a query, or a further function of the same task
        return
    if task.getLocalProperty(PROPERTY) is None:
        problem = "a job was started in a way that the plugin does not know, so nothing says where its runs belong"
        answers.add(((socket.gethostname(), problem, False),))
        return
    if setup != _turned_on:
        _turned_on, _setup = setup, None
        ok, unpickled = attempt(pickle.loads, setup)
        problem = f"another version of fitprint is installed there ({unpickled})"
        report = unpickled() if ok else WorkerReport(problem=problem, records=False)
        answers.add(((socket.gethostname(), report.problem, report.records),))
        _setup = unpickled if ok else None
    if _setup is not None:
        _AtTheEnd(answers, _setup)


class _AtTheEnd(Accumulator[Any]):  # type: ignore[misc]  # mypy does not read pyspark
    """Takes the place of the accumulator in a worker: when the task has ended, Spark asks for its value.

    What waits in memory is written then, because Spark may kill a worker that has nothing to do.

    Args:
        answers: The accumulator.
        setup: What has turned recording on.
    """

    def __init__(self, answers: Accumulator[Any], setup: WorkerSetup) -> None:
        self._setup = setup
        super().__init__(answers.aid, answers._value, answers.accum_param)
        self._deserialized = True

    @property
    def _value(self) -> Any:
        self._setup.task_ended()
        return self._answers

    @_value.setter
    def _value(self, value: Any) -> None:
        self._answers = value
