"""The params of a run as they are kept: plain, without secrets, and long ones as an artifact beside the record."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

from fitprint._core.jsonable import WHOLE, dumps, plain, to_bytes
from fitprint._core.privacy import HIDDEN, Redactor

LONGEST = 16_000
"""Characters of a param in ``run.json``, as JSON."""
FOLDER = "params"
_SHOWN = 200
_SHORTEST_QUOTED = 4
"""Characters below which a secret is not looked for in texts: it would be found in other words."""
_LONGEST_NAME = 80


class Secrets:
    """What hides the secrets of one run: by names and formats, and what its own params hold wherever it is quoted."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self.hidden: dict[str, list[Any]] = {}
        """What is secret in each param, until the run ends."""

    def hide(self, text: str) -> str:
        """A text about the run with what is secret in it hidden."""
        shown = self.redactor.text(text)
        for secret in (each for found in self.hidden.values() for each in found):
            if isinstance(secret, str) and len(secret) >= _SHORTEST_QUOTED:
                shown = shown.replace(secret, HIDDEN)
        return shown


class KeptParam(NamedTuple):
    """One param."""

    value: Any
    """What stands in the record."""
    hidden: list[Any]
    """What is secret in it, and shown as ``***``."""
    file: tuple[str, bytes] | None = None
    """The artifact that holds it whole, where that is too long for the record: name and content."""


def kept(name: str, value: Any, redactor: Redactor) -> KeptParam:
    """A param of the user's. Raises whatever the value's own ``repr`` raises."""
    hidden: list[Any] = []
    shown = redactor.value(name, plain(value, bounds=WHOLE), hidden)
    length = len(shown) if isinstance(shown, str) else len(dumps(shown)) if isinstance(shown, (list, dict)) else 0
    if length <= LONGEST:
        return KeptParam(shown, hidden)
    if isinstance(shown, str):
        ending, content = "txt", shown.encode("utf-8", "backslashreplace")
    else:
        ending, content = "json", to_bytes(shown)
    file = f"{FOLDER}/{_file_name(name)}.{ending}"
    return KeptParam(f"{_beginning(shown)} ({length:,} characters, whole in artifacts/{file})", hidden, (file, content))


def _beginning(value: Any) -> str:
    """What a long value is, or begins with."""
    if isinstance(value, dict):
        if value.keys() == {"shape", "dtype", "values"}:
            return f"{value['dtype']} array of shape {tuple(value['shape'])}"
        return f"{len(value):,} named values: {', '.join(list(value)[:5])[:_SHOWN]}…"
    if isinstance(value, list):
        return f"{len(value):,} values: {str(value[:5])[:_SHOWN]}…"
    return f"{value[:_SHOWN]}…"


def _file_name(name: str) -> str:
    """A name that any file system takes; two params never share one."""
    safe = re.sub(r"[^\w.-]", "_", name)[:_LONGEST_NAME].lstrip(".")
    return (
        safe if safe == name else f"{safe}-{hashlib.sha256(name.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}"
    )
