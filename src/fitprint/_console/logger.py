"""Where fitprint's lines go, and how many: the logger ``fitprint``, with a handler that yields to the program's own."""

from __future__ import annotations

import logging
import sys
import time
from collections import deque
from collections.abc import Iterable

from fitprint._console import notebook
from fitprint._console.terminal import Part, has_colours, painted, write_line
from fitprint._core.guard import log
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_state import in_forked_child, on_reset

MOST, SECONDS = 10, 60.0


class Line(str):
    """The line of a run, which knows its parts: a terminal shows them in colours, the program's logging as text.

    Args:
        parts: Pairs of a text and its style.
        breaks: Whether it is written on a new line of a terminal, because the program may have left one unfinished.
    """

    __slots__ = ("breaks", "parts")
    parts: tuple[Part, ...]
    breaks: bool

    def __new__(cls, parts: Iterable[Part], breaks: bool = False) -> Line:
        parts = tuple(parts)
        line = super().__new__(cls, "".join(text for text, _ in parts))
        line.parts, line.breaks = parts, breaks
        return line

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # a record that is pickled holds plain text


class _OwnHandler(logging.Handler):
    """Prints fitprint's lines unless the program has set up logging, which then handles them."""

    def emit(self, record: logging.LogRecord) -> None:
        if logging.getLogger().handlers:
            return
        line = record.msg if isinstance(record.msg, Line) else None
        if line is not None and notebook.is_there():
            notebook.show(f"fitprint: {record.getMessage()}")
            return
        # a notebook shows standard error as a red box, and a run is not an error
        stream = sys.stdout if "ipykernel" in sys.modules and record.levelno < logging.WARNING else sys.stderr
        if stream is not None:
            coloured = line is not None and has_colours(stream)
            text = f"fitprint: {painted(line.parts) if line and coloured else record.getMessage()}"
            write_line(stream, text, breaks=line is not None and line.breaks)


class _LevelOfTheProgram(logging.Filter):
    """Applies the level of the program's own logging, where it has set that up, to fitprint's lines too."""

    def filter(self, record: logging.LogRecord) -> bool:
        root = logging.getLogger()
        return not root.handlers or record.levelno >= root.level


def set_up_logger() -> None:
    """Give the logger a handler and the level INFO, where the program has set neither."""
    if not any(isinstance(handler, logging.Handler) for handler in log.handlers):
        log.addHandler(_OwnHandler())
    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)
        log.addFilter(_LevelOfTheProgram())


def is_display() -> bool:
    """Return True if the lines of runs go to the display of a notebook's cell, which needs no limit to their number."""
    return notebook.is_there() and not logging.getLogger().handlers


class RateLimiter:
    """Admits a number of lines in a span of time, and counts the runs whose lines it holds back.

    Args:
        most: How many lines are admitted in one span.
        seconds: The length of a span.
    """

    def __init__(self, most: int = MOST, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque([float("-inf")] * most, maxlen=most)
        self._held_back = 0
        self._lock = fork_safe_lock()
        in_forked_child(on_reset(self.reset))

    def admit(self, is_of_new_run: bool = True) -> int | None:
        """Ask whether a line may be written now.

        Args:
            is_of_new_run: Whether this is the line of a run, and no further line of a run that had one.

        Returns:
            If it may, of how many runs the line was held back since the last one. Otherwise None, and the line of
            one more run is held back.
        """
        now = time.monotonic()
        with self._lock:
            if now - self._times[0] < self._seconds:
                self._held_back += is_of_new_run
                return None
            self._times.append(now)
        return self.take_held_back()

    def take_held_back(self) -> int:
        """Return of how many runs the line was held back, and start counting again."""
        with self._lock:
            count, self._held_back = self._held_back, 0
        return count

    def reset(self) -> None:
        """Reset the rate limiter. Called in a forked child (the parent reports its own runs) and by tests."""
        self._times.extend([float("-inf")] * len(self._times))
        self._held_back = 0
