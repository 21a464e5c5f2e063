"""What fitprint asks about Ray: how work is sent, how workers are reached, and which task a thread executes."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any

import ray
from ray import ObjectRef, ObjectRefGenerator
from ray._private.ray_constants import WORKER_PROCESS_SETUP_HOOK_ENV_VAR as HOOK
from ray._private.runtime_env.setup_hook import upload_worker_process_setup_hook_if_needed
from ray._private.utils import get_runtime_env_info
from ray._private.worker import global_worker
from ray._raylet import TaskID
from ray.actor import ActorClass, ActorHandle, ActorMethod
from ray.remote_function import RemoteFunction
from ray.runtime_env import RuntimeEnv
from ray.util.client import ray as ray_client

from fitprint.plugin import Engine, EngineTask, Sending, WorkerReport, WorkerSetup
from fitprint_ray import _tokens
from fitprint_ray._worker import NOT_INSTALLED, hook_of, probe_of

LONGEST_START = 60.0
"""How many seconds the program waits for the first worker that says what became of it."""
MOST_ENVIRONMENTS = 100

_is_probing: ContextVar[bool] = ContextVar("fitprint_ray_probing", default=False)


class RayEngine(Engine):
    """The engine for Ray: the environment of each task has a function that its worker calls when it starts.

    Ray has nothing of its own that can be put on a task and read in its worker. So the token is written into the
    control store of the cluster, under the id of the task, which is the same in each attempt.
    """

    api_version = (2, 1)
    backends = frozenset({"ray.util.joblib.ray_backend.RayBackend"})
    keys_are_unique = True

    def __init__(self) -> None:
        self._hooks: dict[Hashable, str] = {}
        """What Ray knows our function by, for each cluster."""
        self._environments: dict[tuple[str, str | None], str] = {}
        """Environments with our function, as Ray writes them, by the function and by what they are without it."""

    def sendings(self) -> Sequence[Sending]:
        """Return the methods that send tasks, make actors, and call their methods."""
        return (
            Sending("ray.remote_function", "RemoteFunction._remote"),
            Sending("ray.actor", "ActorClass._remote"),
            Sending("ray.actor", "ActorMethod._remote"),
        )

    def cluster_of(self, sender: Any) -> Any:
        """Return the module of Ray, which is connected to one cluster at a time."""
        if _is_probing.get() or not (sender is ray or isinstance(sender, RemoteFunction | ActorClass | ActorMethod)):
            return None
        if not ray.is_initialized():
            ray.get([])  # connects it, as what the user calls would do a moment later
        return ray

    def identity(self, cluster: Any) -> Hashable:
        """Return the session of the cluster and the number of the program there: its workers serve no other one."""
        if not global_worker.connected:
            return ""
        context = ray.get_runtime_context()
        return context.get_session_name(), context.get_job_id()

    def describe(self, cluster: Any) -> str:
        """Return the address of the cluster."""
        return str(ray.get_runtime_context().gcs_address) if global_worker.connected else "no address"

    def why_not_now(self, cluster: Any) -> str:
        """Return why the workers cannot be reached: by way of Ray's client."""
        if global_worker.connected:
            return ""
        return "the program uses Ray's client" if ray_client.is_connected() else "Ray is not initialised"

    def attach(self, cluster: Any, setup: WorkerSetup, later: Callable[[WorkerReport], None]) -> Iterable[WorkerReport]:
        """Have the function known to Ray, and ask one worker what became of it: all are alike."""
        _tokens.usual = setup.token
        of_the_user = _env_vars(ray.get_runtime_context().runtime_env).get(HOOK, "")
        environment = RuntimeEnv(worker_process_setup_hook=hook_of(setup, of_the_user))
        hook = _env_vars(upload_worker_process_setup_hook_if_needed(environment, global_worker))[HOOK]
        probing = _is_probing.set(True)
        try:
            probe = ray.remote(num_cpus=0, max_retries=0)(probe_of(NOT_INSTALLED))
            answer = probe.options(runtime_env=_with(hook, None)).remote()
            report = WorkerReport(*ray.get(answer, timeout=LONGEST_START))
        finally:
            _is_probing.reset(probing)
        if report.records:
            self._hooks[self.identity(cluster)] = hook
        return (report,)

    def arguments(
        self, sender: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Add the function to the environment of a task or actor. What a task sends has that of the task anyway."""
        hook = self._hooks.get(self.identity(ray))
        if hook is None or isinstance(sender, ActorMethod):
            return args, kwargs
        environment = kwargs.get("runtime_env")
        if isinstance(sender, ActorClass):
            return args, {**kwargs, "runtime_env": _with(hook, environment)}
        without = kwargs.get("serialized_runtime_env_info")
        key = hook, without
        if key not in self._environments:
            if len(self._environments) >= MOST_ENVIRONMENTS:
                self._environments.clear()
            self._environments[key] = get_runtime_env_info(_with(hook, environment), serialize=True)
        return args, {**kwargs, "serialized_runtime_env_info": self._environments[key]}

    def carrying(self, sender: Any, token: str) -> AbstractContextManager[Any]:
        """Tell the workers that tasks have tokens, before the first one that has another than the usual one."""
        _tokens.note(token)
        return contextlib.nullcontext()

    def sent(self, sender: Any, token: str, returned: Any) -> None:
        """Write the token under the id of the task."""
        task_id = _task_of(returned)
        if task_id is not None:
            _tokens.write(task_id, token)

    def task(self) -> EngineTask | None:
        """Return the task that a worker executes in this thread."""
        context = ray.get_runtime_context()
        task_id = context.get_task_id()
        if task_id is None:
            return None
        worker, number = context.get_worker_id(), str(global_worker.core_worker.get_current_task_attempt_number())
        tags = {"worker": worker, "attempt": number}
        actor = context.get_actor_id()
        if actor is not None:
            tags["actor"] = context.get_actor_name() or actor
        return EngineTask(
            key=f"{context.get_task_name()} {task_id}",
            attempt=f"{worker} {number}",
            token=_tokens.read(task_id),
            tags=tags,
        )


def _env_vars(environment: Any) -> dict[str, str]:
    return (environment or {}).get("env_vars") or {}


def _with(hook: str, environment: Any) -> RuntimeEnv:
    """Return a copy of an environment in which workers call our function."""
    changed = copy.copy(environment) if environment else RuntimeEnv()
    changed["env_vars"] = {**_env_vars(environment), HOOK: hook}
    return changed


def _task_of(returned: Any) -> str | None:
    """Return the id of the task that was sent, if what Ray has returned tells it."""
    if isinstance(returned, ObjectRefGenerator):
        returned = returned.completed()
    if isinstance(returned, list) and returned:
        returned = returned[0]
    if isinstance(returned, ObjectRef):
        return str(returned.task_id().hex())
    if isinstance(returned, ActorHandle):
        return str(TaskID.for_actor_creation_task(returned._actor_id).hex())
    return None
