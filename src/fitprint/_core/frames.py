"""Reading the variables of a running function without keeping their values alive any longer than the function does."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

_SNAPSHOTS = sys.version_info < (3, 13)
"""Whether Python copies the variables of a function for whoever looks at them, and keeps them alive by that copy."""
_LOOKED_AT = frozenset({"locals", "vars", "eval", "exec", "f_locals", "getargvalues"})
"""What a function calls that may hold that copy. Whoever looks at its variables anew changes what it holds."""
_PYTEST = "@py_builtins"
"""In the names of a function with assertions, to which pytest has added calls of `locals` that hold nothing."""
_FROM_HERE_ALONE = 3
"""What `sys.getrefcount` says of such a copy that only its frame has, while a function here looks at it."""
_ViewOfVariables = type((lambda: sys._getframe().f_locals)())


def stack(depth: int = 0) -> Iterator[FrameType]:
    """Yield the frames of this thread, from the caller's, or from one further out, to the outermost.

    Args:
        depth: How many frames to leave out.
    """
    frame: FrameType | None = sys._getframe(depth + 1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def is_of_module(frame: FrameType) -> bool:
    """Return whether a frame runs the code of a module itself."""
    return not frame.f_code.co_flags & inspect.CO_OPTIMIZED and frame.f_locals is frame.f_globals


def variables_of(frame: FrameType) -> dict[str, Any] | None:
    """Return a copy of the variables that a frame has at the moment.

    Args:
        frame: The frame of a function.

    Returns:
        The variables by name; None if the function may hold the copy that Python makes of them for itself.
    """
    code = frame.f_code
    has_snapshot = _SNAPSHOTS and bool(code.co_flags & inspect.CO_OPTIMIZED)
    if has_snapshot and not _LOOKED_AT.isdisjoint(code.co_names) and _PYTEST not in code.co_names:
        return None
    variables: Any = frame.f_locals
    if not isinstance(variables, dict):  # since Python 3.13 a view of the frame; else what `exec` was given
        return dict(variables) if type(variables) is _ViewOfVariables else {}
    copied = dict.copy(variables)
    if has_snapshot and not sys.gettrace() and sys.getrefcount(variables) == _FROM_HERE_ALONE:
        for own in (*code.co_varnames, *code.co_cellvars, *code.co_freevars):
            variables.pop(own, None)
    return copied
