"""What happens in the workers of an engine: recording is turned on, and each task gets its recording context."""

from __future__ import annotations

import functools
import json
import pickle
import weakref
from collections.abc import Hashable
from typing import Any

from fitprint._core import ids, task_scope
from fitprint._core.call_scope import Session
from fitprint._core.guard import guarded
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process import host
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._core.task_scope import CarriedTask
from fitprint._instrumentation.engines import known_engines
from fitprint._recorder.state import recorder_state
from fitprint._runs.lease import lease_from_the_start
from fitprint._runs.side_writer import write_all
from fitprint._runs.waiting import write_waiting
from fitprint._settings.layers import Configuration
from fitprint._workers import pickled_settings
from fitprint._workers.activation import activate
from fitprint.plugin.engine import Engine, EngineTask, WorkerReport, WorkerSetup
from fitprint.stores import open_store

_TURNING_ON = "turning recording on in a worker"
_NOT_SENT_BY_US = CarriedTask(nested=True)
"""What a task is that no recording program has sent, in a worker that records only because such a program is attached:
other programs may use the same workers."""

_engines: tuple[Engine, ...] = ()
"""The engines that this process is a worker of."""
_configurations: dict[str, Configuration] = {}
"""The configuration of each program that is attached to this worker."""
_clusters: dict[tuple[str, Hashable], str] = {}
"""The program that attached itself last, by the cluster: what a task sends is sent in its name."""
_records_what_is_sent_alone = False
_own_sender = ""
"""What identifies this process where it sends tasks."""
_sessions: weakref.WeakValueDictionary[int, Session] = weakref.WeakValueDictionary()
"""The sessions of calls that have sent tasks: they may be executed in this very process."""
_lock = fork_safe_lock()


class Setup(WorkerSetup):
    """Turns recording on in a worker: see `fitprint.plugin.WorkerSetup`.

    Args:
        engine: The name of the engine.
        cluster: What identifies the cluster.
        sender: What identifies the program.
        configuration: The program's configuration.
    """

    def __init__(self, engine: str, cluster: Hashable, sender: str, configuration: Configuration) -> None:
        self._engine = engine
        self._cluster = cluster
        self._sender = sender
        self._configuration = pickle.dumps(pickled_settings.packed(configuration))

    def __call__(self) -> WorkerReport:
        """Turn recording on in this process."""
        with guarded(_TURNING_ON, self._engine, lost="failed") as step:
            return WorkerReport(problem=self._turn_on())
        return WorkerReport(problem=step.reason, records=False)

    @property
    def token(self) -> str:
        """What the program's tasks carry outside of every block and recorded call, if their keys are unique."""
        return to_token(self._sender, "", nested=False, parent_id=None, session=None)

    def task_ended(self) -> None:
        """Write what the tasks of this process have added to runs: the worker may be killed as soon as it is idle."""
        with guarded("what a task has added to runs", self._engine):
            write_all()
            write_waiting()

    def _turn_on(self) -> str:
        global _records_what_is_sent_alone
        engine = known_engines()[self._engine].engine()
        if self._sender == _own_sender:  # a thread of the program itself
            _use(engine)
            return ""
        configuration = pickled_settings.unpacked(*pickle.loads(self._configuration))
        if not recorder_state.on:
            _records_what_is_sent_alone = True
        _configurations[self._sender] = configuration
        _clusters[self._engine, self._cluster] = self._sender
        _put_in_force(configuration)
        _use(engine)
        lease_from_the_start()  # the program and its user look at the runs of this worker from elsewhere
        store = open_store(configuration.settings().store)
        if store.is_prepared_for(self._sender):
            return ""
        return (
            f"{store.location} on {host() or 'its machine'} is not the store of the program, so the runs of this "
            "worker stay there: give autolog(store=...) a folder that all machines share"
        )


def sender_of(cluster: tuple[str, Hashable]) -> str | None:
    """Return the program in whose name this process sends tasks, if it is a worker of the cluster itself."""
    return _clusters.get(cluster)


def own_sender() -> str:
    """Return what identifies this process where it sends tasks."""
    global _own_sender
    with _lock:
        _own_sender = _own_sender or ids.new_run_id()
        return _own_sender


def to_token(sender: str, number: str, nested: bool, parent_id: str | None, session: Session | None) -> str:
    """Return what is carried along with a task, as a text.

    Args:
        sender: What identifies the program.
        number: What identifies what is sent together, among all that the program sends.
        nested: Whether nothing is recorded in the task.
        parent_id: The id of the run that its runs are children of.
        session: The session of the call that sends it.
    """
    if session is not None:
        _sessions[id(session)] = session
    return json.dumps([sender, number, nested, parent_id, session and id(session)])


def _use(engine: Engine) -> None:
    global _engines
    if engine not in _engines:
        _engines = (*_engines, engine)
    task_scope.use_finder(_find)


def _put_in_force(configuration: Configuration) -> None:
    if not recorder_state.on or recorder_state.configuration != configuration:
        activate(configuration)


_guard = guarded("the task of this thread", lost="could not be found")


def _find() -> CarriedTask | None:
    with _guard:
        for engine in _engines:
            task = engine.task()
            if task is not None:
                return _carried(engine, task)
    return _NOT_SENT_BY_US if _records_what_is_sent_alone else None


def _carried(engine: Engine, task: EngineTask) -> CarriedTask:
    tags = {"engine": engine.name, "task": task.key, **task.tags}
    sender, number, nested, parent_id, session = _read_token(task.token)
    if not sender or sender != _own_sender:
        configuration = _configurations.get(sender)
        if configuration is None:  # nobody has sent it, or a program that this worker could not be attached to
            return _NOT_SENT_BY_US if _records_what_is_sent_alone else CarriedTask(tags=tags)
        if not nested:
            _put_in_force(configuration)
        session = None
    return CarriedTask(
        nested,
        parent_id,
        tags,
        sender,
        f"{number} {task.key}" if task.attempt else "",
        task.attempt,
        _sessions.get(session) if session is not None else None,
    )


@functools.lru_cache(maxsize=64)  # it is asked several times in each task, and most tasks have the same
def _read_token(token: str | None) -> Any:
    return json.loads(token) if token is not None else ("", "", False, None, None)


@in_forked_child
@on_reset
def _forget() -> None:
    global _engines, _records_what_is_sent_alone, _own_sender
    _engines, _records_what_is_sent_alone, _own_sender = (), False, ""
    _configurations.clear()
    _clusters.clear()
