"""The token of each task, in the control store of the cluster: Ray has nothing that carries it along with the task.

Each access to the store costs as much as sending a task. So nothing is written while the program sends its tasks
outside of every block and recorded call: without a note of the program that it does otherwise, each task has the token
that the workers know from their setup.
"""

from __future__ import annotations

import functools
import time

import ray
from ray.experimental.internal_kv import _internal_kv_get, _internal_kv_put

LONGEST_WAIT = 2.0
"""How many seconds a worker waits for the token of a task, which the program writes right after it has sent it."""
_NAMESPACE = "fun"
"""The namespace in which Ray keeps the functions of a program. What has the prefix of one of its kinds, and the number
of the program, is removed by Ray when the program is gone, however it has ended."""

usual = ""
"""The token of what is sent outside of every block and recorded call."""
_noted: set[str] = set()
"""The programs of which this process knows that they send tasks with tokens of their own."""


def note(token: str) -> None:
    """Take note, before it is sent, of a task that has a token of its own.

    Args:
        token: The token of the task.
    """
    program = _program()
    if token != usual and program not in _noted:
        _internal_kv_put(_key(program, "notes"), b"1", namespace=_NAMESPACE)
        _noted.add(program)


def write(task_id: str, token: str) -> None:
    """Write the token of a task that was sent, if somebody looks for it.

    Args:
        task_id: The id of the task.
        token: The token.
    """
    program = _program()
    if program in _noted:
        _internal_kv_put(_key(program, task_id), token.encode(), namespace=_NAMESPACE)


@functools.lru_cache(1000)  # it is asked for several times while a task trains, and an actor may execute some at once
def read(task_id: str) -> str:
    """Return the token of a task.

    Args:
        task_id: The id of the task.
    """
    program = _program()
    if program not in _noted:
        if _internal_kv_get(_key(program, "notes"), namespace=_NAMESPACE) is None:
            return usual
        _noted.add(program)
    ends = time.monotonic() + LONGEST_WAIT
    while (value := _internal_kv_get(_key(program, task_id), namespace=_NAMESPACE)) is None:
        if time.monotonic() > ends:  # it was sent by a process that did not know of any note yet
            return usual
        time.sleep(0.005)
    return str(value, "utf-8")


def _program() -> str:
    return str(ray.get_runtime_context().get_job_id())


def _key(program: str, name: str) -> str:
    return f"FunctionsToRun:{program}:fitprint:{name}"
