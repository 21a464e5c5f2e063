"""The lines of a notebook's cell: one display, which is updated while the cell trains."""

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
"""Of one cell; of more the last ones are shown, and how many came before."""
_EVERY = 0.2
"""Seconds between two updates; the last of a cell comes when it ends."""
_lock = fork_safe_lock()


class _Cell:
    """The display of one execution of a cell."""

    def __init__(self, key: Any) -> None:
        self.key = key
        self.id = f"fitprint-{os.urandom(8).hex()}"
        self.lines: deque[str] = deque(maxlen=MOST_LINES)
        self.count = 0
        self.shown = 0
        self.updated = float("-inf")

    def show(self) -> None:
        """Shows the lines so far: a new output the first time, the same one changed from then on."""
        from IPython import display

        before = self.count - len(self.lines)
        lines = [f"fitprint: {before:,} runs, and then", *self.lines] if before else list(self.lines)
        text = "\n".join(lines)
        content = {"text/plain": text, "text/html": f'<pre style="margin: 0">{escape(text)}</pre>'}
        publish: Any = display.display
        publish(content, raw=True, display_id=self.id, update=self.shown > 0)
        self.shown, self.updated = self.count, time.monotonic()


_cell: _Cell | None = None


@on_reset
def _forget() -> None:
    global _cell
    _cell = None


def is_there() -> bool:
    """Whether this process is the kernel of a notebook."""
    return hasattr(_shell(), "kernel")


def show(line: str) -> None:
    """Adds a line to the display of the cell that runs."""
    global _cell
    shell = _shell()
    key = shell.execution_count, _request(shell)
    with _lock:
        if _cell is None or _cell.key != key:
            _cell = _Cell(key)
        cell = _cell
        cell.lines.append(line)
        cell.count += 1
        waits = cell.count > MOST_LINES and time.monotonic() - cell.updated < _EVERY
        if not waits:
            cell.show()
        elif cell.shown == cell.count - 1:
            _when_it_ends(shell, cell)


def _when_it_ends(shell: Any, cell: _Cell) -> None:
    """Shows what is not shown yet at the end of the cell."""

    def flush(*result: Any) -> None:
        shell.events.unregister("post_run_cell", flush)
        with _lock:
            if cell.shown < cell.count:
                cell.show()

    shell.events.register("post_run_cell", flush)


def _shell() -> Any:
    """IPython's shell, where the program has one; asking does not import it."""
    ipython = sys.modules.get("IPython") if "ipykernel" in sys.modules else None
    return ipython.get_ipython() if ipython is not None else None


def _request(shell: Any) -> str:
    """The id of the request that runs the cell: the same number may be counted twice where no history is stored."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else None
    return str(((parent or {}).get("header") or {}).get("msg_id", ""))
