"""Which variable of the user's code holds a value: by its name, metrics are told apart by the data that they are of."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Any

_OWN = ("fitprint", "wrapt")
_MOST_FRAMES = 50
_SNAPSHOTS = sys.version_info < (3, 13)
"""Whether Python copies the variables of a function for whoever looks at them, and keeps them alive by that copy."""
_LOOKED_AT = frozenset({"locals", "vars", "eval", "exec", "f_locals", "getargvalues"})
"""What a function calls that may hold that copy. Whoever looks at its variables anew changes what it holds."""
_PYTEST = "@py_builtins"
"""In the names of a function with assertions, to which pytest has added calls of `locals` that hold nothing."""
_MOST_RECENT = 100
_recent: dict[int, str] = {}
"""The names that were found last, by the `id` of their value: a loop predicts the same data again and again."""
_FROM_HERE_ALONE = 3
"""What `sys.getrefcount` says of such a copy that only its frame has, while a function here looks at it."""


_ViewOfVariables = type((lambda: sys._getframe().f_locals)())


def calling_frame() -> FrameType | None:
    """Return the frame of the code that called fitprint, or something that fitprint wraps."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and package_of(frame) in _OWN:
        frame = frame.f_back
    return frame


def package_of(frame: FrameType) -> str:
    """Return the top-level package of the code that a frame runs."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def variable_name(value: Any, frame: FrameType | None) -> str | None:
    """Return the name of the variable that holds a value.

    A function that was given the value is left for the one that called it, as far as it is known there: the name is
    that of the variable in the user's own program, and not that of a parameter.

    Args:
        value: The value.
        frame: Where to begin to look.

    Returns:
        The name; None if no variable holds the value.
    """
    known = _recent.get(id(value))
    if known is not None and frame is not None and frame.f_globals.get(known) is value:
        return known
    known = None
    for _ in range(_MOST_FRAMES):
        if frame is None or value is None:
            break
        name, is_passed = _find(value, frame)
        known = name or known
        if not is_passed:
            break
        frame = frame.f_back
    return known


def _find(value: Any, frame: FrameType) -> tuple[str | None, bool]:
    """Return the variable of a frame that holds a value, and whether the frame was given the value."""
    code = frame.f_code
    has_snapshot = _SNAPSHOTS and bool(code.co_flags & inspect.CO_OPTIMIZED)
    if has_snapshot and not _LOOKED_AT.isdisjoint(code.co_names) and _PYTEST not in code.co_names:
        return _name_of(value, frame.f_globals), True  # it may have been given the value: the caller may know its name
    variables = frame.f_locals
    if variables is frame.f_globals:  # the frame of a module
        return _name_of(value, variables), False
    name, is_passed = _name_of(value, variables), _is_passed(value, variables, code)
    if has_snapshot and not sys.gettrace() and sys.getrefcount(variables) == _FROM_HERE_ALONE:
        for own in (*code.co_varnames, *code.co_cellvars, *code.co_freevars):
            variables.pop(own, None)
    if name is None and not is_passed:
        name = _name_of(value, frame.f_globals)
    return name, is_passed


def _name_of(value: Any, variables: Mapping[str, Any]) -> str | None:
    if not isinstance(variables, dict):  # since Python 3.13 a view of the frame; else what `exec` was given
        variables = dict(variables) if type(variables) is _ViewOfVariables else {}
    hidden: str | None = None
    for name, held in dict.copy(variables).items():  # in a copy, because another thread may add a global variable
        if held is not value or type(name) is not str or not name.isidentifier():  # Python has names such as `.0`
            continue
        if not name.startswith("_"):
            if len(_recent) >= _MOST_RECENT:
                _recent.clear()
            _recent[id(value)] = name
            return str(name)
        hidden = hidden or name  # such as the results of cells, which IPython keeps
    return hidden


def _is_passed(value: Any, variables: Mapping[str, Any], code: CodeType) -> bool:
    count = code.co_argcount + code.co_kwonlyargcount
    others = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    if not count and not others:
        return False
    names = code.co_varnames
    for name in names[:count]:
        if variables.get(name) is value:
            return True
    for name in names[count : count + others.bit_count()]:
        held = variables.get(name)
        members = held.values() if type(held) is dict else held if type(held) is tuple else ()
        if any(member is value for member in members):
            return True
    return False
