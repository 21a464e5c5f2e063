"""Where fitprint's lines go: the logger ``fitprint``, with its own handler unless the program set up logging."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable

from fitprint._console import notebook as _notebook
from fitprint._console.terminal import Part, has_colours, painted, write_line
from fitprint._core.guard import log


class Line(str):
    """The line of a run, which knows its parts: a terminal shows them in colours, a program's own logging as text."""

    __slots__ = ("parts",)
    parts: tuple[Part, ...]

    def __new__(cls, parts: Iterable[Part]) -> Line:
        kept = tuple(parts)
        line = super().__new__(cls, "".join(text for text, _ in kept))
        line.parts = kept
        return line

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # a record that travels holds text


class _OwnHandler(logging.Handler):
    """Prints fitprint's lines unless the program has set up logging: then that is where they go."""

    def emit(self, record: logging.LogRecord) -> None:
        if logging.getLogger().handlers:
            return
        line = record.msg if isinstance(record.msg, Line) else None
        if line is not None and _notebook.is_there():
            _notebook.show(f"fitprint: {record.getMessage()}")
            return
        # a notebook shows standard error as a red box, and a run is no error
        stream = sys.stdout if "ipykernel" in sys.modules and record.levelno < logging.WARNING else sys.stderr
        if stream is not None:
            coloured = line is not None and has_colours(stream)
            write_line(stream, f"fitprint: {painted(line.parts) if line and coloured else record.getMessage()}")


class _AsTheProgramWants(logging.Filter):
    """Where the program set up logging, its level holds for fitprint's lines too, as if ours had never been set."""

    def filter(self, record: logging.LogRecord) -> bool:
        root = logging.getLogger()
        return not root.handlers or record.levelno >= root.level


def set_up_logger() -> None:
    """Gives the logger a handler of its own and the level INFO, where the program gave it neither."""
    if not any(isinstance(each, logging.Handler) for each in log.handlers):
        log.addHandler(_OwnHandler())
    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)
        log.addFilter(_AsTheProgramWants())


def is_display() -> bool:
    """Whether a cell's display is where lines of runs go, which needs no limit to their number."""
    return _notebook.is_there() and not logging.getLogger().handlers
