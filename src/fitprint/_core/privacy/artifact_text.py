"""Secrets in what a flavor made as text: by the heads of a table, by the names in a document, else as running text."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from fitprint._core.jsonable import to_bytes
from fitprint._core.privacy import Redactor

_COLUMN = "param_"
"""What the columns of a search's table begin with that hold a param."""


def hidden_content(name: str, content: bytes, redactor: Redactor) -> bytes:
    """The content of an artifact with what is secret in it hidden; unchanged where there is nothing, or no text."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return content
    if not redactor.may_hide_in(text):
        return content
    if name.endswith(".csv"):
        return _table(text, redactor).encode("utf-8")
    if name.endswith(".json"):
        return _document(content, redactor)
    return redactor.text(text).encode("utf-8")


def _table(text: str, redactor: Redactor) -> str:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    names = [head.removeprefix(_COLUMN) for head in rows[0]] if rows else []
    shown = [rows[0], *([_cell(names, i, cell, redactor) for i, cell in enumerate(row)] for row in rows[1:])]
    if shown == rows:
        return text
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(shown)
    return written.getvalue()


def _cell(names: list[str], position: int, cell: str, redactor: Redactor) -> str:
    name = names[position] if position < len(names) else ""
    found = redactor.value(name, _read(cell))
    return cell if found == _read(cell) else str(found)


def _read(cell: str) -> Any:
    """A cell as a number where it is one: numbers are no secrets."""
    try:
        return float(cell)
    except ValueError:
        return cell


def _document(content: bytes, redactor: Redactor) -> bytes:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return redactor.text(content.decode("utf-8")).encode("utf-8")
    shown = redactor.inside(found)
    return content if shown == found else to_bytes(shown)
