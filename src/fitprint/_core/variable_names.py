"""Finding the name of the user's variable that holds a value: metrics of different data get different names by it."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from collections.abc import Mapping
from itertools import islice
from types import CodeType, FrameType
from typing import Any

from fitprint._core.frames import is_of_module, variables_of

_OWN = ("fitprint.", "wrapt.")
"""What the names of the modules begin with whose code stands between the user's and ours."""
_MOST_FRAMES = 50
_MOST_RECENT = 100
_recent: dict[int, str] = {}
"""The names that were found last, by the `id` of their value: a loop predicts the same data again and again."""


def calling_frame(depth: int = 1) -> FrameType | None:
    """Return the frame of the code that called fitprint, or something that fitprint wraps.

    Args:
        depth: How many frames are known to be ours, beginning with the one that asks.

    Returns:
        The frame; None if no code has called it, but C.
    """
    try:
        frame: FrameType | None = sys._getframe(depth + 1)
    except ValueError:  # a thread that was begun with what fitprint wraps
        return None
    while frame is not None:  # at every prediction, so each frame has to be quick
        module = frame.f_globals.get("__name__")
        if type(module) is not str or not module.startswith(_OWN):
            break
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


def argument_name(code: CodeType, instruction: int) -> str | None:
    """Return the variable that a call was given as its first argument, as it is written in the source.

    Args:
        code: The code that made the call.
        instruction: Which of its instructions that is: ``frame.f_lasti`` during the call.

    Returns:
        The name; None if the argument is not a variable, or if there is no source to read.
    """
    first, last, start, end = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    if first is None or last is None:
        return None
    lines = [line.encode() for line in linecache.getlines(code.co_filename)[first - 1 : last]]  # columns are of bytes
    if not lines:
        return None
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    try:
        call = ast.parse(b"(" + b"".join(lines) + b")", mode="eval").body
    except SyntaxError:  # the file has changed
        return None
    if not isinstance(call, ast.Call):
        return None
    argument = next(iter([*call.args, *(keyword.value for keyword in call.keywords)]), None)
    return argument.id if isinstance(argument, ast.Name) else None


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
