"""The one place where fitprint's own errors end, so that none of them ever reaches the user's training."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from fitprint._core.locks import fork_safe_lock
from fitprint._core.privacy import in_force

log = logging.getLogger("fitprint")

_warned: set[tuple[str, str]] = set()
_warned_lock = fork_safe_lock()


class Skips(Protocol):
    """Where a reason is kept for what was not recorded."""

    def skip(self, what: str, rule: str, reason: str) -> None: ...


class guarded:  # noqa: N801  a context manager, read as a verb: `with guarded("metrics"):`
    """Runs one step of recording. An error inside ends the step, is told once and kept as a reason.

    What is no `Exception` (a KeyboardInterrupt, a SystemExit) passes: it is the user's.
    With ``strict`` the error passes too, for tests. ``lost``: what an error means for the step, in the line told.
    """

    __slots__ = ("failed", "flavor", "lost", "reason", "skips", "step", "strict")

    def __init__(
        self,
        step: str,
        flavor: str = "",
        skips: Skips | None = None,
        strict: bool = False,
        lost: str = "not recorded",
    ) -> None:
        self.step = step
        self.lost = lost
        self.flavor = flavor
        self.skips = skips
        self.strict = strict
        self.failed = False
        self.reason = ""

    def __enter__(self) -> guarded:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        self.failed = True
        hide = getattr(self.skips, "hide", in_force().text)
        self.reason = reason = hide(describe(error))
        if self.strict:
            return False
        if self.skips is not None:
            self.skips.skip(self.step, "error", reason)
        warn_once(
            (self.flavor, self.step),
            f"{self.flavor and f'{self.flavor}: '}{self.step} {self.lost}{_where(self.skips)}: {reason}",
        )
        return True


def attempt(function: Callable[..., Any], *args: Any) -> tuple[bool, Any]:
    """Calls something of the user's that may refuse what it is given: (True, its result), or (False, its error)."""
    try:
        return True, function(*args)
    except Exception as error:
        return False, error


def describe(error: BaseException) -> str:
    """`ValueError: what it says`, on one line and bounded; never raises."""
    text = " ".join(message(error).split())
    text = text if len(text) <= 500 else text[:497] + "..."
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def message(error: BaseException) -> str:
    """What an exception says, whole up to a bound; never raises."""
    try:
        return str(error)[:10_000]
    except Exception:
        return "(its message cannot be shown)"


def warn_once(key: tuple[str, str], line: str) -> None:
    """Logs a warning line, once per process for a key."""
    with _warned_lock:
        if key in _warned:
            return
        _warned.add(key)
    warn_user(line)


def warn_user(line: str, level: int = logging.WARNING) -> None:
    """Logs a line, with what is secret in it hidden; a logging set-up that raises does not reach the caller."""
    try:
        log.log(level, in_force().text(line))
    except Exception:
        return


def reset_warned() -> None:
    """Lets every line be told again: after `disable()`, and in tests."""
    with _warned_lock:
        _warned.clear()


def _where(skips: Skips | None) -> str:
    run_id = getattr(skips, "run_id", None)
    return f" in run {run_id}" if run_id else ""
