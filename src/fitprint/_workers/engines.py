"""Sending work to engines: the workers are attached before the first task is sent, and each task gets a token."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import guarded, warn_user
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_exit import call_at_exit
from fitprint._core.process_state import in_forked_child, on_reset
from fitprint._core.publish import publish
from fitprint._instrumentation.engines import is_wanted, known_engines
from fitprint._instrumentation.wrapper import Passthrough
from fitprint._recorder.state import recorder_state
from fitprint._runs import active
from fitprint._settings.layers import Configuration
from fitprint._workers import engine_worker
from fitprint.plugin.engine import Engine, WorkerReport
from fitprint.stores import open_store

_ATTACHING = "attaching the workers"


@dataclass(frozen=True)
class Attachment:
    """What became of the workers of one cluster.

    Attributes:
        engine: The name of the engine.
        cluster: The cluster, as the engine calls it.
        workers: What became of each worker that was there when it was attached.
        problem: Why nothing is recorded there; empty if something is.
    """

    engine: str
    cluster: str
    workers: tuple[WorkerReport, ...] = ()
    problem: str = ""

    @property
    def records(self) -> bool:
        """Whether recording is on in the workers."""
        return not self.problem

    def __str__(self) -> str:
        recording = sum(report.records for report in self.workers)
        answers = f"{recording} of {len(self.workers)} workers record" if self.workers else "no worker has answered yet"
        state = self.problem or answers
        return f"{self.engine} at {self.cluster}: {state}"


_attached: dict[tuple[str, Hashable], tuple[Configuration, Attachment]] = {}
"""The attachment of each cluster, with the configuration that its workers have."""
_numbers = itertools.count(1)
_prepared: set[str] = set()
"""The locations of the stores that have a mark of this program."""
_lock = fork_safe_lock()


def attach(target: Any) -> Attachment:
    """Turn recording on in the workers of an engine, whatever the setting ``engines`` says.

    See `fitprint.engines.attach`.
    """
    for entry in known_engines().values():
        if entry.state == "on":
            cluster = entry.engine().cluster_of(target)
            if cluster is not None:
                return _attach(entry.engine(), cluster)
    raise TypeError(
        f"{type(target).__module__}.{type(target).__qualname__} is not known to the plugin of any engine; plugins are "
        f"installed for: {', '.join(sorted(known_engines())) or 'none'}"
    )


def attachments() -> tuple[Attachment, ...]:
    """Return what became of the workers of each cluster that this program has sent work to, or has attached."""
    return tuple(attachment for _, attachment in _attached.values())


def around_sending(engine: Engine, sender: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Passthrough | None:
    """Surround a call that sends work, with a token on what is sent.

    Args:
        engine: The engine.
        sender: The object whose method is called.
        args: The arguments of the call.
        kwargs: The keyword arguments of the call.

    Returns:
        The call; None where nothing can be put on what is sent.
    """
    cluster = engine.cluster_of(sender)
    if cluster is None:
        return None
    is_attached = (engine.name, engine.identity(cluster)) in _attached  # finding out the settings takes longer
    if not is_attached and not is_wanted(engine.name, recorder_state.configuration.settings().engines):
        _note_unreached(engine, cluster, "the setting engines leaves it out")
        return None
    if not _attach(engine, cluster).records:
        return None
    token = _token(engine, cluster)
    args, kwargs = engine.arguments(sender, args, kwargs)
    return _Sent(args, kwargs, engine, sender, token)


class _Sent(Passthrough):
    """Surrounds a call that sends work."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], engine: Engine, sender: Any, token: str) -> None:
        super().__init__(args, kwargs)
        self._engine, self._sender, self._token = engine, sender, token
        self._carrying = engine.carrying(sender, token)

    def __enter__(self) -> None:
        self._carrying.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._carrying.__exit__(None, None, None)
        if error[0] is None:
            with guarded(
                "work for an engine", self._engine.name, lost="was sent as it is, so its workers do not record it"
            ):
                self._engine.sent(self._sender, self._token, self.returned)


def _token(engine: Engine, cluster: Any) -> str:
    own = engine_worker.own_sender()
    sender = engine_worker.sender_of((engine.name, engine.identity(cluster))) or own
    session = call_scope.current()
    number = ""
    if not engine.keys_are_unique:
        number = str(next(_numbers)) if sender == own else f"{own} {next(_numbers)}"
    return engine_worker.to_token(sender, number, session is not None, active.parent_id(), session)


def _attach(engine: Engine, cluster: Any) -> Attachment:
    """Return the attachment of a cluster; make it, or renew it, if the settings are others than its workers have."""
    key = engine.name, engine.identity(cluster)
    if engine_worker.sender_of(key) is not None:  # this is one of its workers
        return Attachment(engine.name, engine.describe(cluster))
    configuration = recorder_state.configuration
    known = _attached.get(key)
    if known is not None and known[0] is configuration:
        return known[1]
    why_not = engine.why_not_now(cluster)
    if why_not:
        if known is not None:
            return known[1]
        _note_unreached(engine, cluster, why_not)
        return Attachment(engine.name, engine.describe(cluster), problem=why_not)
    with _lock:
        known = _attached.get(key)
        if known is None or known[0] is not configuration:
            known = _attached[key] = configuration, _attach_anew(engine, cluster, configuration)
            _tell(engine, cluster, known[1])
    return known[1]


def _attach_anew(engine: Engine, cluster: Any, configuration: Configuration) -> Attachment:
    sender = engine_worker.own_sender()
    reports: Iterable[WorkerReport] = ()
    with guarded(_ATTACHING, engine.name, lost="failed") as step:
        _prepare_store(configuration.settings().store, sender)
        setup = engine_worker.Setup(engine.name, engine.identity(cluster), sender, configuration)
        reports = engine.attach(cluster, setup, functools.partial(_joined, engine, cluster))
    workers = tuple(reports)
    problem = step.reason
    if workers and not any(report.records for report in workers):
        problem = workers[0].problem
    return Attachment(engine.name, engine.describe(cluster), workers, problem)


def _joined(engine: Engine, cluster: Any, report: WorkerReport) -> None:
    """Take note of a worker that has joined later. It is called in threads of the engine, so nothing is waited for."""
    with guarded(_ATTACHING, engine.name, lost="failed"):
        if not recorder_state.on:
            return
        key = engine.name, engine.identity(cluster)
        configuration, attachment = _attached[key]
        _attached[key] = configuration, replace(attachment, workers=(*attachment.workers, report))
        _tell_of_workers(engine, (report,))


def _tell(engine: Engine, cluster: Any, attachment: Attachment) -> None:
    """Warn of the workers that do not record, or that record elsewhere."""
    if attachment.problem:
        _note_unreached(engine, cluster, attachment.problem)
    else:
        _tell_of_workers(engine, attachment.workers)


def _tell_of_workers(engine: Engine, workers: Iterable[WorkerReport]) -> None:
    by_problem: dict[str, list[WorkerReport]] = {}
    for report in workers:
        by_problem.setdefault(report.problem, []).append(report)
    for problem, reports in by_problem.items():
        names = ", ".join(report.worker for report in reports)
        if problem and reports[0].records:
            warn_user(f"workers of {engine.name} ({names}): {problem}")
        elif problem:
            recorder_state.note_unreached(f"{engine.name}, workers {names}", problem)


def _prepare_store(location: str, sender: str) -> None:
    open_store(location).prepare_for(sender)
    if location not in _prepared:
        _prepared.add(location)
        call_at_exit(_forget_attempts)


def _forget_attempts() -> None:
    """Remove what tells the attempts at this program's tasks apart: without it, nobody sends them again."""
    for location in _prepared:
        with guarded("removing the notes of attempts", lost="failed"):
            open_store(location).forget_attempts(engine_worker.own_sender())
    _prepared.clear()


def _note_unreached(engine: Engine, cluster: Any, problem: str) -> None:
    if call_scope.current() is None:  # what a recorded call sends is part of it
        recorder_state.note_unreached(f"{engine.name} at {engine.describe(cluster)}", problem)


@in_forked_child
@on_reset
def _forget() -> None:
    _attached.clear()
    _prepared.clear()


publish("fitprint.engines", Attachment)
