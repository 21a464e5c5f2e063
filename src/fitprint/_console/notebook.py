"""Lines in a notebook: each cell has one display, which is updated while the cell trains."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from html import escape
from typing import Any

from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_state import on_reset

MOST_LINES = 10
"""Lines that the display of a cell shows; of more lines the last ones, and the number of those before."""
_EVERY = 0.2
"""Seconds between two updates; the last update comes when the cell ends."""
_STYLE = "margin: 0; white-space: pre-wrap; word-break: normal; overflow-wrap: break-word"
"""A line is continued on the next one, but at a word."""
_lock = fork_safe_lock()


class _Cell:
    """The display of one execution of a cell."""

    def __init__(self, key: Any) -> None:
        self.key = key
        self.id = f"fitprint-{os.urandom(8).hex()}"
        self.lines: deque[str] = deque(maxlen=MOST_LINES)
        self.count = 0
        self.shown_count = 0
        self.updated = float("-inf")

    def show(self) -> None:
        """Show the lines so far: as a new output the first time, and from then on by updating it."""
        from IPython import display

        before = self.count - len(self.lines)
        lines = [f"fitprint: {before:,} more before these", *self.lines] if before else list(self.lines)
        text = "\n".join(lines)
        content = {"text/plain": text, "text/html": f'<pre style="{_STYLE}">{escape(text)}</pre>'}
        publish: Any = display.display
        publish(content, raw=True, display_id=self.id, update=self.shown_count > 0)
        self.shown_count, self.updated = self.count, time.monotonic()


_cell: _Cell | None = None


@on_reset
def _forget() -> None:
    global _cell
    _cell = None


def is_there() -> bool:
    """Return True if this process is the kernel of a notebook."""
    return hasattr(_shell(), "kernel")


def show(line: str) -> None:
    """Add a line to the display of the running cell.

    Args:
        line: The line.
    """
    global _cell
    shell = _shell()
    key = shell.execution_count, _request(shell)
    with _lock:
        if _cell is None or _cell.key != key:
            _cell = _Cell(key)
        cell = _cell
        cell.lines.append(line)
        cell.count += 1
        is_too_soon = cell.count > MOST_LINES and time.monotonic() - cell.updated < _EVERY
        if not is_too_soon:
            cell.show()
        elif cell.shown_count == cell.count - 1:
            _show_at_end(shell, cell)


def _show_at_end(shell: Any, cell: _Cell) -> None:
    """Show the lines that are not yet shown when the cell ends."""

    def flush(*result: Any) -> None:
        shell.events.unregister("post_run_cell", flush)
        with _lock:
            if cell.shown_count < cell.count:
                cell.show()

    shell.events.register("post_run_cell", flush)


def _shell() -> Any:
    """Return IPython's shell if the program has one, without importing IPython."""
    ipython = sys.modules.get("IPython") if "ipykernel" in sys.modules else None
    return ipython.get_ipython() if ipython is not None else None


def _request(shell: Any) -> str:
    """Return the id of the request that runs the cell: without a history two cells can have the same number."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else None
    return str(((parent or {}).get("header") or {}).get("msg_id", ""))
