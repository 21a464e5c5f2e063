"""What fitprint-dask relies on inside dask, and what falls with it."""

from __future__ import annotations

import inspect
from typing import ClassVar

import pytest
from distributed import Client, WorkerPlugin


@pytest.fixture(scope="module")
def client():
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0") as client:
        yield client


def executing():
    """What the worker knows of the task that calls this."""
    import threading

    from distributed.utils import thread_state
    from distributed.worker import get_worker

    worker = get_worker()
    key = worker.active_threads.get(threading.get_ident())
    return key, thread_state.start_time, dict(worker.state.tasks[key].annotations or {})


class Looking(WorkerPlugin):
    starts: ClassVar[list[str]] = []

    def transition(self, key, start, finish, **kwargs):
        self.starts.append(start)


class Actor:
    def is_actor(self):
        from distributed.utils import thread_state

        return thread_state.actor


def test_what_sends_every_graph(client, monkeypatch):
    """Without it: nothing is attached, and nobody is told."""
    sent = []
    original = Client._graph_to_futures
    monkeypatch.setattr(
        Client, "_graph_to_futures", lambda self, *args, **kw: sent.append(1) or original(self, *args, **kw)
    )
    client.submit(abs, -1).result()
    client.gather(client.map(abs, [-2, -3]))
    assert len(sent) == 2


def test_the_start_of_joblib_s_backend_and_its_client():
    """Without it: the workers are not attached when the backend sends its first task."""
    backend = pytest.importorskip("joblib._dask").DaskDistributedBackend
    assert list(inspect.signature(backend.start_call).parameters) == ["self"]
    assert "self.client" in inspect.getsource(backend.__init__)


def test_what_identifies_a_cluster(client):
    """Without it: a cluster that is reached by two addresses is attached twice."""
    assert client._scheduler_identity["id"].startswith("Scheduler-")
    assert hasattr(client, "_start_arg")


def test_what_a_worker_knows_of_the_task_that_a_thread_executes(client):
    """Without it: runs of tasks have no tags, no parent, and no links between attempts."""
    from dask.base import annotate

    with annotate(fitprint="token"):
        future = client.submit(executing, pure=False)
    key, start_time, annotations = future.result()
    assert key == future.key
    assert start_time > 0
    assert annotations["fitprint"] == "token"


def test_what_tells_the_method_of_an_actor(client):
    """Without it: the second call of an actor's method is taken for a second attempt at the first."""
    assert client.submit(Actor, actor=True).result().is_actor().result() is True


def test_what_a_worker_says_when_a_task_has_ended(client):
    """Without it: what a task adds to a run at its end is lost with a worker that is killed right after."""
    client.register_plugin(Looking(), name="looking")
    client.submit(abs, -4).result()
    client.unregister_worker_plugin("looking")
    assert Looking.starts.count("executing") == 1
