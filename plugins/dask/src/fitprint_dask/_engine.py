"""What fitprint asks about dask: how work is sent, how workers are reached, and which task a thread executes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from dask.base import annotate
from distributed import Client
from distributed.utils import thread_state  # type: ignore[attr-defined]
from distributed.worker import get_worker

from fitprint.plugin import Engine, EngineTask, Sending, WorkerReport, WorkerSetup, attempt
from fitprint_dask._worker import NOT_INSTALLED, RecordingPlugin, report_of

ANNOTATION = "fitprint"
"""The name of the annotation that a task has from the program to its worker."""


class DaskEngine(Engine):
    """The engine for dask: a `WorkerPlugin` turns recording on, and an annotation tells each task where it belongs."""

    api_version = (2, 1)
    backends = frozenset({"joblib._dask.DaskDistributedBackend"})

    def sendings(self) -> Sequence[Sending]:
        """Return the one method through which `Client` sends every graph, and the start of joblib's backend.

        The backend sends its tasks in the event loop of the client, where nobody may wait for the workers: they are
        attached before that, in the thread of the user.
        """
        return (
            Sending("distributed.client", "Client._graph_to_futures"),
            Sending("joblib._dask", "DaskDistributedBackend.start_call"),
        )

    def cluster_of(self, sender: Any) -> Client | None:
        """Return the client, which may be that of joblib's backend."""
        client = sender if isinstance(sender, Client) else getattr(sender, "client", None)
        return client if isinstance(client, Client) else None

    def identity(self, cluster: Client) -> Hashable:
        """Return the id of the scheduler, which is the same whatever address it is reached by."""
        return str(cluster._scheduler_identity.get("id") or self.describe(cluster))

    def describe(self, cluster: Client) -> str:
        """Return the address of the scheduler."""
        return str(cluster.scheduler.address if cluster.scheduler is not None else cluster._start_arg)

    def why_not_now(self, cluster: Client) -> str:
        """Return why nobody may wait for the workers here: in the event loop of the client."""
        if not cluster.asynchronous:
            return ""
        return (
            "its client is asynchronous; before the first task is sent, give a synchronous Client of the same "
            "scheduler to fitprint.engines.attach, in another thread"
        )

    def attach(
        self, cluster: Client, setup: WorkerSetup, later: Callable[[WorkerReport], None]
    ) -> Iterable[WorkerReport]:
        """Register the plugin for all workers, and ask those that are there what became of it."""
        plugin = RecordingPlugin(setup)
        cluster.register_plugin(plugin, name=plugin.name)
        answers = cluster.run(report_of, plugin.name, on_error="return")
        reports = [_report(worker, answer) for worker, answer in answers.items()]
        there = {report.worker for report in reports}

        def joined(event: tuple[float, tuple[str, str, bool]]) -> None:
            report = WorkerReport(*event[1])
            if report.worker not in there:
                later(report)

        cluster.subscribe_topic(plugin.name, joined)  # type: ignore[no-untyped-call]
        return reports

    def carrying(self, sender: Any, token: str) -> AbstractContextManager[Any]:
        """Annotate every task of what is sent."""
        return annotate(**{ANNOTATION: token})

    def task(self) -> EngineTask | None:
        """Return the task that a worker executes in this thread."""
        ok, worker = attempt(get_worker)
        key = worker.active_threads.get(threading.get_ident()) if ok else None
        if key is None:
            return None
        state = worker.state.tasks.get(key)
        annotations = (state.annotations if state is not None else None) or {}
        # each call of an actor's method has the key of the actor
        is_actor = getattr(thread_state, "actor", False)
        return EngineTask(
            key=str(key),
            attempt="" if is_actor else f"{worker.address} {thread_state.start_time}",
            token=annotations.get(ANNOTATION),
            tags={"worker": worker.address},
        )


def _report(worker: str, answer: Any) -> WorkerReport:
    if isinstance(answer, WorkerReport):
        return WorkerReport(worker, answer.problem, answer.records)
    if "No module named 'fitprint" in str(
        answer
    ):  # dask makes plain exceptions of those that it meets when it unpickles
        return WorkerReport(worker, NOT_INSTALLED, records=False)
    return WorkerReport(worker, f"{type(answer).__name__}: {answer}", records=False)
