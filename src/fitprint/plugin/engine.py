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
        """What `Engine.carrying` is given for what the program sends outside of every block and recorded call."""

    @abstractmethod
    def task_ended(self) -> None:
        """Write what tasks have added to runs: to be called when one has ended. No error leaves it."""


@dataclass(frozen=True)
class Sending:
    """A method or function with which a program hands work to an engine.

    Of a function, the sender is the tuple of its positional arguments.
    """

    module: str
    """The module that defines it, such as ``distributed.client``."""
    target: str
    """The method or function in that module, such as ``Client.submit``."""


@dataclass(frozen=True)
class EngineTask:
    """The task of an engine that is being executed in this thread of a worker."""

    key: str
    """What the engine calls the task: the same text in each attempt at it."""
    attempt: str
    """Tells this attempt at the task from all others. Empty where several tasks of the user have the same key."""
    token: str | None
    """What `Engine.carrying` has put on the task; None if there is nothing on it."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the runs of the task, beside ``engine`` and ``task``: the worker, for example."""


@dataclass(frozen=True)
class WorkerReport:
    """What became of `WorkerSetup` in one worker, or in all of those that are alike."""

    worker: str = ""
    """The worker, as the engine calls it."""
    problem: str = ""
    """What is wrong there, in a sentence; empty if nothing is."""
    records: bool = True
    """Whether recording is on there."""


class Engine(ABC):
    """What fitprint asks about one engine. A plugin subclasses it and registers the class as an entry point.

    The entry point stands in the group ``fitprint.engines``, and the modules whose import wakes the plugin stand in
    ``fitprint.imports``, as those of a flavor do. fitprint calls every method under its guard.

    In the program of the user, fitprint surrounds the methods that `sendings` names. When one of them is called, it
    finds the cluster (`cluster_of`), has recording turned on in its workers (`attach`), unless it has been already, and
    lets the engine put a token on what is sent (`carrying`). In a worker, it asks which task a training call
    belongs to (`task`).
    """

    api_version: tuple[int, int] = (2, 1)
    """The version of the contract that the plugin was written for: `API_VERSION` of the fitprint at hand."""
    name: str = ""
    """The engine's name. fitprint sets it from the entry point."""
    backends: frozenset[str] = frozenset()
    """The qualified names of joblib's backends that send their tasks through the methods of `sendings`."""
    keys_are_unique: bool = False
    """Whether nothing that is sent has the `EngineTask.key` of anything else, even if the user sends the same again.
    Then whatever is sent in the same context has the same token."""

    @abstractmethod
    def sendings(self) -> Sequence[Sending]:
        """Return the methods with which work is handed to the engine."""

    @abstractmethod
    def cluster_of(self, sender: Any) -> Any:
        """Return the cluster that an object sends work to, or None if it is no object of this engine's.

        Args:
            sender: The object whose method was called, or what the user gave to `fitprint.engines.attach`.
        """

    @abstractmethod
    def identity(self, cluster: Any) -> Hashable:
        """Return what tells a cluster from others, in each process that sends work to it.

        Args:
            cluster: What `cluster_of` returned.
        """

    def describe(self, cluster: Any) -> str:
        """Return what the user calls the cluster, such as its address. By default the identity.

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
            setup: The function. Another one for the same cluster takes its place.
            later: Takes what became of it in a worker that has joined later, from any thread. No error leaves it.

        Returns:
            What became of it, for the workers that are there now.
        """

    def carrying(self, sender: Any, token: str) -> AbstractContextManager[Any]:
        """Return a context manager in which everything that is sent has a token on it.

        By default nothing is put on it: then each run of a worker is one of its own, with no parent.

        Args:
            sender: The object whose method was called.
            token: A short text without line feeds, for `EngineTask.token`.
        """
        return contextlib.nullcontext()

    def arguments(
        self, sender: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments that a method of `sendings` is called with, to have workers chosen that record.

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
