"""Our own frames in the tracebacks of the user's exceptions: none is left."""

from __future__ import annotations

import sys


def without_this_frame(error: BaseException) -> None:
    """Takes the frame that handles an exception out of its traceback; to be followed by a bare ``raise``.

    By way of `BaseException` itself, for an exception's class may forbid attributes to be set.
    """
    trace = sys.exc_info()[2]
    if trace is not None:
        BaseException.with_traceback(error, trace.tb_next)
