"""Which variable of the user's code holds a value: by its name, metrics are told apart by the data that they are of."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Any

from fitprint._core.frames import is_of_module, variables_of

_OWN = ("fitprint.", "wrapt.")
"""What the names of the modules begin with whose code stands between the user's and ours."""
_MOST_FRAMES = 50
_MOST_RECENT = 100
_recent: dict[int, str] = {}
"""The names that were found last, by the `id` of their value: a loop predicts the same data again and again."""


def calling_frame() -> FrameType | None:
    """Return the frame of the code that called fitprint, or something that fitprint wraps."""
    frame = sys._getframe(1).f_back  # the one that asks is ours
    # at every prediction: without a call for each frame
    while frame is not None and f"{frame.f_globals.get('__name__')}.".startswith(_OWN):
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
    """Return the variable of a frame that holds a value, and whether the frame was given the value.

    Of global variables a copy is looked at, because another thread may add one.
    """
    if is_of_module(frame):
        return _name_of(value, dict.copy(frame.f_globals)), False
    variables = variables_of(frame)
    if variables is None:  # it may have been given the value: the caller may know its name
        return _name_of(value, dict.copy(frame.f_globals)), True
    name, is_passed = _name_of(value, variables), _is_passed(value, variables, frame.f_code)
    if name is None and not is_passed:
        name = _name_of(value, dict.copy(frame.f_globals))
    return name, is_passed


def _name_of(value: Any, variables: dict[str, Any]) -> str | None:
    hidden: str | None = None
    for name, held in variables.items():
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
