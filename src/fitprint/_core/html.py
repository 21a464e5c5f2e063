"""HTML for notebooks: without scripts and style sheets, which notebooks remove, and with every text escaped.

Notebooks centre tables and align their cells to the right, so each element says for itself how it is to look. Colours
are those of the notebook, whether it is light or dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

LONGEST = 200
"""The longest text of a cell, in characters."""
_LONGEST_UNBROKEN, _LONGEST_WORD = 24, 40
_AT_WORDS = "white-space: normal; overflow-wrap: normal"
_ANYWHERE = "white-space: normal; overflow-wrap: anywhere"
_TABLE = "border-collapse: collapse; margin: 0 0 0.4em 0; table-layout: auto; width: auto"
_CELL = "text-align: left; vertical-align: top; padding: 0.1em 1.2em 0.1em 0; "
FAINT = "opacity: 0.65"


def table(head: Sequence[str], rows: Iterable[Iterable[Any]], caption: str = "") -> str:
    """Return an HTML table. Each cell is escaped, and a long text in it is cut.

    Args:
        head: The names of the columns; if they are all empty, the table has no head.
        rows: The cells of each row.
        caption: A title.
    """
    titles = "".join(f'<th style="{_CELL}{_AT_WORDS}; {FAINT}">{escape(title)}</th>' for title in head)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    title = f'<caption style="text-align: left">{escape(caption)}</caption>' if caption else ""
    header = f"<thead><tr>{titles}</tr></thead>" if any(head) else ""
    return f'<table style="{_TABLE}">{title}{header}<tbody>{body}</tbody></table>'


def block(content: str, style: str = "") -> str:
    """Return a block of HTML, aligned to the left, whose lines are broken at words."""
    return f'<div style="text-align: left; overflow-wrap: break-word; {style}">{content}</div>'


def styled(value: Any, style: str) -> str:
    """Return a text in a style, escaped and cut."""
    return f'<span style="{style}">{text(value)}</span>'


def details(summary: str, content: str) -> str:
    """Return HTML that shows only its summary until somebody opens it."""
    return f'<details style="margin: 0.15em 0"><summary>{escape(summary)}</summary>{content}</details>'


def text(value: Any) -> str:
    """Return a value as an escaped text, which is cut if it is long."""
    if isinstance(value, float):
        return f"{value:.6g}"
    content = "" if value is None else str(value)
    return escape(content if len(content) <= LONGEST else content[: LONGEST - 1] + "…")


def _cells(row: Iterable[Any]) -> str:
    return "".join(f'<td style="{_CELL}{_breaks(str(value))}">{text(value)}</td>' for value in row)


def _breaks(value: str) -> str:
    """Return where the lines of a cell may be broken: at words, and inside of a word only if it is very long."""
    if len(value) <= _LONGEST_UNBROKEN:
        return "white-space: nowrap"
    return _ANYWHERE if max(map(len, value.split()), default=0) > _LONGEST_WORD else _AT_WORDS
