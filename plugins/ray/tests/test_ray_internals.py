"""What fitprint-ray relies on inside Ray, and what falls with it."""

from __future__ import annotations

import inspect

from ray._private.runtime_env.setup_hook import load_and_execute_setup_hook, upload_worker_process_setup_hook_if_needed
from ray._private.utils import get_runtime_env_info
from ray._raylet import CoreWorker, TaskID
from ray.actor import ActorClass, ActorMethod
from ray.remote_function import RemoteFunction


def parameters(function):
    return list(inspect.signature(function).parameters)


def test_what_sends_work():
    """Without it: nothing is attached, and nobody is told."""
    assert parameters(RemoteFunction._remote) == [
        "self", "args", "kwargs", "serialized_runtime_env_info", "task_options",
    ]  # fmt: skip
    assert parameters(ActorClass._remote) == ["self", "args", "kwargs", "actor_options"]
    assert parameters(ActorMethod._remote)[:3] == ["self", "args", "kwargs"]
    assert not issubclass(ActorMethod, ActorClass | RemoteFunction), "its environment is that of the actor"


def test_what_names_a_function_to_workers():
    """Without it: recording is not on in workers, and this is told."""
    assert parameters(upload_worker_process_setup_hook_if_needed) == ["runtime_env", "worker"]
    assert parameters(load_and_execute_setup_hook) == ["worker_process_setup_hook_key"]
    assert parameters(get_runtime_env_info) == ["runtime_env", "is_job_runtime_env", "serialize"]


def test_what_a_worker_knows_of_a_task():
    """Without it: attempts are not told apart, and the `__init__` of an actor belongs nowhere."""
    assert callable(CoreWorker.get_current_task_attempt_number)
    assert callable(TaskID.for_actor_creation_task)


def test_tokens_are_written_where_they_are_needed_and_removed_with_the_program(run_program):
    """Without it: the control store of a cluster that outlives the program grows."""
    run_program(
        """
        from ray.experimental.internal_kv import _internal_kv_list

        def tokens():
            keys = _internal_kv_list("", namespace="fun")
            return [key for key in keys if key.startswith(f"FunctionsToRun:{program}:fitprint:".encode())]

        fitprint.autolog(log_models=False, quiet=True)
        start()
        get(fit.remote(1.0))
        program = ray.get_runtime_context().get_job_id()
        assert not tokens(), "nothing is written where no task has a token of its own"
        with fitprint.start_run("mine"):
            get([fit.remote(2.0), fit.remote(3.0)])
        assert len(tokens()) == 1 + 2
        ray.shutdown()
        start()
        ends = time.monotonic() + 60
        while tokens():
            assert time.monotonic() < ends, tokens()
            time.sleep(0.1)
        """
    )
