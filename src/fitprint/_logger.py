"""Where fitprint's lines go: the logger ``fitprint``, with its own handler unless the program set up logging."""

from __future__ import annotations

import logging
import sys

from fitprint._guard import log


class _OwnHandler(logging.Handler):
    """Prints fitprint's lines unless the program has set up logging: then that is where they go."""

    def emit(self, record: logging.LogRecord) -> None:
        if logging.getLogger().handlers:
            return
        # a notebook shows standard error as a red box, and a run is no error
        stream = sys.stdout if "ipykernel" in sys.modules and record.levelno < logging.WARNING else sys.stderr
        if stream is not None:
            stream.write(f"fitprint: {record.getMessage()}\n")
            stream.flush()


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
