"""The contract between fitprint and an engine, which carries work to other threads, processes and machines."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from fitprint._core.publish import publish


class WorkerSetup(ABC):
    """Turns recording on in a worker. It can be pickled with ``pickle``, and unpickled where fitprint is installed."""

    @abstractmethod
    def __call__(self) -> WorkerReport:
        """Turn recording on in this process: to be called once, and again whenever there is another setup.

        Returns:
            What became of it, without the name of the worker. No error leaves it.
        """

    @property
    @abstractmethod
    def token(self) -> str:
        """The token that `Engine.carrying` gets for work that is sent outside of every block and recorded call."""

    @abstractmethod
    def task_ended(self) -> None:
        """Write what tasks have added to runs: to be called when one has ended. No error leaves it."""


@dataclass(frozen=True)
class Sending:
    """A method or function with which a program hands work to an engine.

    The sender of a method is the object; that of a function is the tuple of its positional arguments.
    """

    module: str
    """The module that defines it, such as ``distributed.client``."""
    target: str
    """The method or function in that module, such as ``Client.submit``."""


@dataclass(frozen=True)
class EngineTask:
    """The task of an engine that is being executed in this thread of a worker."""

    key: str
    """The engine's name of the task, which is the same in each attempt at it."""
    attempt: str
    """The name of this attempt at the task. It is empty if several tasks of the user may have the same key."""
    token: str | None
    """The token that `Engine.carrying` has put on the task; None if it has none."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the runs of the task, beside ``engine`` and ``task``: the worker, for example."""


@dataclass(frozen=True)
class WorkerReport:
    """The result of `WorkerSetup` in one worker, or in several workers with the same result."""

    worker: str = ""
    """The worker, as the engine calls it."""
    problem: str = ""
    """The problem there, in a sentence; empty if there is none."""
    records: bool = True
    """Whether recording is on there."""


class Engine(ABC):
    """What fitprint asks about one engine. A plugin subclasses it and registers the class as an entry point.

    The entry point is in the group ``fitprint.engines``, and the modules whose import turns the plugin on are in
    ``fitprint.imports``, as for a flavor. fitprint calls every method under its guard.

    In the user's program, fitprint wraps the methods that `sendings` names. When one of them is called, it finds the
    cluster (`cluster_of`), turns recording on in its workers, if that has not been done (`attach`), and lets the engine
    put a token on the work that is sent (`carrying`). In a worker, it asks which task a training call belongs to
    (`task`).
    """

    api_version: tuple[int, int] = (2, 1)
    """The version of the contract that the plugin was written for: `API_VERSION` of the fitprint at hand."""
    name: str = ""
    """The engine's name. fitprint sets it from the entry point."""
    backends: frozenset[str] = frozenset()
    """The qualified names of joblib's backends that send their tasks through the methods of `sendings`."""
    keys_are_unique: bool = False
    """Whether all tasks have different keys (`EngineTask.key`), even if the user sends the same work again. Then all
    tasks that are sent in the same context have the same token."""

    @abstractmethod
    def sendings(self) -> Sequence[Sending]:
        """Return the methods with which work is handed to the engine."""

    @abstractmethod
    def cluster_of(self, sender: Any) -> Any:
        """Return the cluster that an object sends work to, or None if the object does not belong to this engine.

        Args:
            sender: The object whose method was called, or the one that the user passed to `fitprint.engines.attach`.
        """

    @abstractmethod
    def identity(self, cluster: Any) -> Hashable:
        """Return a value that identifies a cluster, the same in each process that sends work to it.

        Args:
            cluster: What `cluster_of` returned.
        """

    def describe(self, cluster: Any) -> str:
        """Return a name of the cluster that the user knows, such as its address. By default the identity.

        Args:
            cluster: What `cluster_of` returned.
        """
        return str(self.identity(cluster))

    def why_not_now(self, cluster: Any) -> str:
        """Return why `attach` cannot be called in this thread, or an empty text: by default it can.

        Args:
            cluster: What `cluster_of` returned.
        """
        return ""

    @abstractmethod
    def attach(self, cluster: Any, setup: WorkerSetup, later: Callable[[WorkerReport], None]) -> Iterable[WorkerReport]:
        """Have a function called in each worker of a cluster, and in those that join it later.

        Args:
            cluster: What `cluster_of` returned.
            setup: The function. A later one for the same cluster replaces it.
            later: A function that gets the report of a worker that has joined later. It can be called from any thread,
                and never raises an error.

        Returns:
            The reports of the present workers.
        """

    def carrying(self, sender: Any, token: str) -> AbstractContextManager[Any]:
        """Return a context manager that puts a token on all work that is sent inside it.

        By default there is no token, and the runs of workers have no parent.

        Args:
            sender: The object whose method was called.
            token: A short text without line feeds, for `EngineTask.token`.
        """
        return contextlib.nullcontext()

    def arguments(
        self, sender: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments for a method of `sendings`, in order to have it choose workers that record.

        By default they are those of the user.

        Args:
            sender: The object whose method is called.
            args: The arguments of the call.
            kwargs: The keyword arguments of the call, which are not to be changed.
        """
        return args, kwargs

    def sent(self, sender: Any, token: str, returned: Any) -> None:
        """Take note of what a method of `sendings` has returned, where `carrying` cannot put the token on the task.

        By default nothing is done.

        Args:
            sender: The object whose method was called.
            token: The token of the tasks that it has sent.
            returned: What it has returned.
        """
        return

    def task(self) -> EngineTask | None:
        """Return the task that this thread is executing, or None outside of one. Called in workers, often."""
        return None


publish("fitprint.plugin", Engine, EngineTask, Sending, WorkerReport, WorkerSetup)
