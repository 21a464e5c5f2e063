"""Params as a run stores them: plain values without secrets, and long values as an artifact beside the record."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container
from typing import Any, NamedTuple

from fitprint._core.jsonable import WHOLE, jsonable, to_bytes, to_json
from fitprint._core.privacy import HIDDEN, Redactor

LONGEST = 16_000
"""The longest param in ``run.json``, in characters of JSON."""
FOLDER = "params"
_PREVIEW_LENGTH = 200
_SHORTEST_QUOTED = 4
"""Secrets with fewer characters are not searched in texts, because they would be found inside other words."""
_LONGEST_NAME = 80
_PLAIN = frozenset((bool, float, type(None)))
"""The types of values that are stored as they are, unless a pattern of the user's names the param."""


class Secrets:
    """The secrets of one run: finds them by name and format, and knows the secrets that its own params contain."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self.hidden: dict[str, list[Any]] = {}
        """The secret values in each param, by the name of the param, until the run ends."""

    @property
    def clean(self) -> Container[str]:
        """Texts in which there is nothing to hide, as far as they are known."""
        return () if self.hidden else self.redactor.clean

    def hide(self, text: str) -> str:
        """Return a text about the run with the secrets in it replaced by ``***``."""
        redacted = self.redactor.text(text)
        if not self.hidden:
            return redacted
        for secret in (secret for secrets in self.hidden.values() for secret in secrets):
            if isinstance(secret, str) and len(secret) >= _SHORTEST_QUOTED:
                redacted = redacted.replace(secret, HIDDEN)
        return redacted


class PreparedParam(NamedTuple):
    """A param as a run stores it."""

    value: Any
    """The value in the record."""
    hidden: list[Any]
    """The secret values in it, which the record shows as ``***``."""
    file: tuple[str, bytes] | None = None
    """The name and content of the artifact with the whole value, if the value is too long for the record."""


def prepare_param(name: str, value: Any, redactor: Redactor) -> PreparedParam:
    """Convert the value of a param to what a run stores. Raises whatever the ``repr`` of the value raises."""
    if type(value) in _PLAIN and not redactor.hides_numbers:
        return PreparedParam(value, [])
    hidden: list[Any] = []
    stored = redactor.value(name, jsonable(value, bounds=WHOLE), hidden)
    length = len(stored) if isinstance(stored, str) else len(to_json(stored)) if isinstance(stored, (list, dict)) else 0
    if length <= LONGEST:
        return PreparedParam(stored, hidden)
    if isinstance(stored, str):
        extension, content = "txt", stored.encode("utf-8", "backslashreplace")
    else:
        extension, content = "json", to_bytes(stored)
    file = f"{FOLDER}/{_file_name(name)}.{extension}"
    preview = f"{_preview(stored)} ({length:,} characters, whole in artifacts/{file})"
    return PreparedParam(preview, hidden, (file, content))


def _preview(value: Any) -> str:
    """Describe a long value, or return its beginning."""
    if isinstance(value, dict):
        if value.keys() == {"shape", "dtype", "values"}:
            return f"{value['dtype']} array of shape {tuple(value['shape'])}"
        return f"{len(value):,} named values: {', '.join(list(value)[:5])[:_PREVIEW_LENGTH]}…"
    if isinstance(value, list):
        return f"{len(value):,} values: {str(value[:5])[:_PREVIEW_LENGTH]}…"
    return f"{value[:_PREVIEW_LENGTH]}…"


def _file_name(name: str) -> str:
    """Return a file name that is valid on any file system and that no other param gets."""
    safe = re.sub(r"[^\w.-]", "_", name)[:_LONGEST_NAME].lstrip(".")
    if safe == name:
        return safe
    return f"{safe}-{hashlib.sha256(name.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}"
