"""Lines on a stream that the program writes to as well: coloured on a terminal alone, never over a progress bar."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from fitprint._core.process_state import in_forked_child
from fitprint._core.signal_handlers import own

Part = tuple[str, str]
"""A text and its style, one of `STYLES` or an empty text."""
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_forked = False
"""Set in a forked child: the bars are its parent's, and a thread that it does not have may hold their locks."""


def has_colours(stream: Any) -> bool:
    """Return True if lines on a stream are coloured.

    The variables ``NO_COLOR``, ``FORCE_COLOR`` and ``TERM`` decide, as for Python 3.13 itself; otherwise a stream is
    coloured if it is a terminal.

    Args:
        stream: The stream.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    if os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)


def is_terminal(stream: Any) -> bool:
    """Return True if a stream is a terminal."""
    try:
        return bool(stream.isatty())
    except own(AttributeError, OSError, ValueError):  # another kind of object, or a closed stream
        return False


def painted(parts: Iterable[Part]) -> str:
    """Join the parts of a line, with the codes that a terminal understands (ECMA-48, 8.3.117).

    Args:
        parts: Pairs of a text and its style.

    Returns:
        The text.
    """
    return "".join(f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style in STYLES else text for text, style in parts)


def write_line(stream: TextIO, line: str, breaks: bool = False) -> None:
    """Write a line; a live bar of tqdm on the terminal makes room for it.

    Args:
        stream: Where to write.
        line: The line, without its end.
        breaks: Whether something else may be drawing a bar: on a terminal, the line then begins below it. That leaves
            the bar as it is; where there is none, an empty line.
    """
    bars = _bars()
    if bars is None:
        stream.write(f"\n{line}\n" if breaks and is_terminal(stream) else f"{line}\n")
    else:
        with bars.external_write_mode(file=stream):
            stream.write(f"{line}\n")
    stream.flush()


def _bars() -> Any:
    """Return tqdm's class if the program has imported it and has a bar open; otherwise None."""
    bar = None if _forked else getattr(sys.modules.get("tqdm"), "tqdm", None)
    return bar if bar is not None and getattr(bar, "_instances", None) else None


@in_forked_child
def _note_fork() -> None:
    global _forked
    _forked = True
