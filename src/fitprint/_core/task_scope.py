"""Which task of an engine the code of this thread belongs to, in a process that is one of an engine's workers.

An engine such as a cluster's calls tasks in its own threads, where no context variable of ours is set. So whoever wants
to know asks the engine, through `finder`. A thread that the task starts takes its task along (`enter`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Any

from fitprint._core.process_state import in_forked_child, on_reset


@dataclass(frozen=True)
class CarriedTask:
    """A task of an engine, with what was carried along to it.

    Attributes:
        nested: Whether nothing is recorded in it, because it was sent by a recorded call, or was not to be recorded.
        parent_id: The id of the run that its runs are children of, or None.
        tags: The tags of its runs.
        sent_by: What identifies the program that has sent it, or an empty text.
        task: What identifies the task among all that this program sends, in each attempt at it; or an empty text.
        attempt: Tells this attempt at the task from others.
        session: The session of the call that has sent it, where that call is one of this very process.
    """

    nested: bool = False
    parent_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    sent_by: str = ""
    task: str = ""
    attempt: str = ""
    session: Any = None


finder: Callable[[], CarriedTask | None] | None = None
"""Finds the task of this thread; None in a process that is no worker of an engine. It never raises."""
_taken_along: ContextVar[CarriedTask | None] = ContextVar("fitprint_task", default=None)


def current() -> CarriedTask | None:
    """Return the task that the code of this thread belongs to, or None."""
    if finder is None:
        return None
    return _taken_along.get() or finder()


def enter(task: CarriedTask | None) -> Token[CarriedTask | None]:
    """Make a task the one of this context, in a thread that the task has started.

    Args:
        task: The task, or None to ask the engine.

    Returns:
        The token for `leave`.
    """
    return _taken_along.set(task)


def leave(token: Token[CarriedTask | None]) -> None:
    """Undo an `enter`.

    Args:
        token: What `enter` returned.
    """
    _taken_along.reset(token)


def use_finder(function: Callable[[], CarriedTask | None] | None) -> None:
    """Set what finds the task of a thread; None for a process that is no worker any more."""
    global finder
    finder = function


@in_forked_child
@on_reset
def _forget() -> None:
    use_finder(None)
    _taken_along.set(None)
