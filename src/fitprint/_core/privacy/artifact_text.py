"""Redaction of artifacts: by the columns of a table, by the names in a JSON document, or as running text."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from fitprint._core.jsonable import of_data, to_bytes
from fitprint._core.privacy import Redactor

_COLUMN = "param_"
"""The prefix of the columns that hold params in the table of a search."""


def artifact_bytes(name: str, content: Any, redactor: Redactor) -> bytes:
    """Return what is written of an artifact: bytes as they are, a text in UTF-8, everything else as JSON; redacted."""
    if isinstance(content, str):
        content = content.encode("utf-8", "backslashreplace")
    return hidden_content(name, content if isinstance(content, bytes) else of_data(content), redactor)


def hidden_content(name: str, content: bytes, redactor: Redactor) -> bytes:
    """Redact the secrets in the content of an artifact.

    Args:
        name: The name of the artifact; its ending tells the format.
        content: The content.
        redactor: What redacts.

    Returns:
        The redacted content; the same object where there is no secret, or the content is not text.
    """
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
    redacted = [rows[0], *([_cell(names, i, cell, redactor) for i, cell in enumerate(row)] for row in rows[1:])]
    if redacted == rows:
        return text
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(redacted)
    return file.getvalue()


def _cell(names: list[str], position: int, cell: str, redactor: Redactor) -> str:
    name = names[position] if position < len(names) else ""
    value = _parsed(cell)
    redacted = redactor.value(name, value)
    return cell if redacted == value else str(redacted)


def _parsed(cell: str) -> Any:
    """Return the number in a cell if there is one, because a number is not a secret."""
    try:
        return float(cell)
    except ValueError:
        return cell


def _document(content: bytes, redactor: Redactor) -> bytes:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return redactor.text(content.decode("utf-8")).encode("utf-8")
    redacted = redactor.inside(document)
    return content if redacted == document else to_bytes(redacted)
