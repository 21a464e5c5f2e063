"""The one place where fitprint's own errors end, so that none of them ever reaches the user's training."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from fitprint._core.locks import fork_safe_lock
from fitprint._core.privacy import in_force
from fitprint._core.process_state import on_reset
from fitprint._core.signal_handlers import cause_of_program, own

log = logging.getLogger("fitprint")

_warned: set[tuple[str, str]] = set()
_warned_lock = fork_safe_lock()


class Skips(Protocol):
    """Something that keeps the reasons why a part of a training was not recorded, such as a run."""

    def skip(self, what: str, rule: str, reason: str) -> None:
        """Keep one reason.

        Args:
            what: The part that was not recorded.
            rule: What decided it: ``error``, the name of a setting, or that of a rule.
            reason: A sentence for the user.
        """


class guarded:  # noqa: N801  a context manager, read as a verb: `with guarded("metrics"):`
    """Run one step of recording. An error inside ends the step; it is logged once and kept as a skip reason.

    What is not an `Exception` (a KeyboardInterrupt, a SystemExit) passes, because it is the user's, and so does what a
    signal handler of the program has raised.

    Args:
        step: The name of the step, for the log and the skip reason.
        flavor: The name of the flavor that the step belongs to.
        skips: What keeps the skip reason.
        strict: Let errors pass too; for tests of plugins.
        lost: What an error means for the step: the words after its name in the log.

    Attributes:
        failed: Whether the step ended with an error.
        reason: A description of that error, or an empty text.
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
        raised = cause_of_program(error, sys._getframe(1))
        if raised is not None:
            return _raise_on(raised, error)
        self.failed = True
        hide = getattr(self.skips, "hide", in_force().text)
        self.reason = reason = hide(describe(error))
        if self.strict:
            return False
        if self.skips is not None:
            self.skips.skip(self.step, "error", reason)
        warn_once(
            (self.flavor, self.step),
            f"{self.flavor and f'{self.flavor}: '}{self.step} {self.lost}{_in_run(self.skips)}: {reason}",
        )
        return True


def _raise_on(raised: BaseException, error: BaseException) -> bool:
    """Let the exception of a signal handler pass as it is, also where other code has made another error of it."""
    if raised is error:
        return False
    context = raised.__context__
    try:
        raise raised
    finally:
        raised.__context__ = context


def attempt(function: Callable[..., Any], *args: Any) -> tuple[bool, Any]:
    """Call a function of the user or of a framework that may refuse its arguments.

    Args:
        function: The function to call.
        args: Its arguments.

    Returns:
        ``(True, result)``, or ``(False, error)`` if the function raised an `Exception`.
    """
    try:
        return True, function(*args)
    except own(Exception) as error:
        return False, error


def describe(error: BaseException) -> str:
    """Describe an error on one line of bounded length; never raises.

    Args:
        error: The error.

    Returns:
        Its type and message: ``ValueError: no rows``.
    """
    text = " ".join(message(error).split())
    text = text if len(text) <= 500 else text[:497] + "..."
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def message(error: BaseException) -> str:
    """Return the message of an error, up to 10,000 characters; never raises."""
    try:
        return str(error)[:10_000]
    except own(Exception):
        return "(its message cannot be shown)"


def warn_once(key: tuple[str, str], line: str) -> None:
    """Log a warning, once per process.

    Args:
        key: What identifies the warning; later ones with the same key are dropped.
        line: The text.
    """
    with _warned_lock:
        if key in _warned:
            return
        _warned.add(key)
    warn_user(line)


def warn_user(line: str) -> None:
    """Log a warning, with the secrets in it redacted.

    Args:
        line: The text.
    """
    _log(logging.WARNING, line)


def inform_user(line: str) -> None:
    """Log a line that is not a warning, with the secrets in it redacted.

    Args:
        line: The text.
    """
    _log(logging.INFO, line)


def _log(level: int, line: str) -> None:
    """Log a line. A logging set-up of the program that raises does not reach the caller."""
    try:
        text = in_force().text(line)
        if not log.hasHandlers():  # Python prints the bare text then, which would not say whose it is
            text = f"fitprint: {text}"
        log.log(level, text)
    except own(Exception):
        return


@on_reset
def reset_warned() -> None:
    """Let every warning be logged again: after `disable()`, and in tests."""
    with _warned_lock:
        _warned.clear()


@on_reset
def _reset_logger() -> None:
    log.handlers.clear()
    log.filters.clear()
    log.setLevel(logging.NOTSET)


def _in_run(skips: Skips | None) -> str:
    run_id = getattr(skips, "run_id", None)
    return f" in run {run_id}" if run_id else ""
