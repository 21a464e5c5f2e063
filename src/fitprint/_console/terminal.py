"""Lines on a stream that others write to as well: coloured on a terminal alone, and never over a progress bar."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from fitprint._core.process_state import in_forked_child

Part = tuple[str, str]
"""A text and its style, one of `STYLES` or none."""
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_forked = False
"""In a forked child: the bars are its parent's, and their locks may be held by a thread that it does not have."""


def has_colours(stream: Any) -> bool:
    """Whether a stream is to be coloured: by the variables that Python 3.13 itself goes by, else on a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    if os.environ.get("TERM") == "dumb":
        return False
    try:
        return bool(stream.isatty())
    except (AttributeError, OSError, ValueError):  # something else that can be written to; closed
        return False


def painted(parts: Iterable[Part]) -> str:
    """The parts as one text, with the codes that a terminal understands (ECMA-48, 8.3.117)."""
    return "".join(f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style in STYLES else text for text, style in parts)


def write_line(stream: TextIO, line: str) -> None:
    """Writes a line; a live bar of tqdm on the terminal makes way for it."""
    bars = _bars()
    if bars is None:
        stream.write(f"{line}\n")
    else:
        with bars.external_write_mode(file=stream):
            stream.write(f"{line}\n")
    stream.flush()


def _bars() -> Any:
    """tqdm's class where the program has imported it and has a bar of it open."""
    found = None if _forked else getattr(sys.modules.get("tqdm"), "tqdm", None)
    return found if found is not None and getattr(found, "_instances", None) else None


@in_forked_child
def _note_fork() -> None:
    global _forked
    _forked = True
