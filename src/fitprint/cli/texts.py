"""Values as text for a terminal: nothing of the user's reaches it raw, and nothing is longer than it has to be."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

from fitprint._core.jsonable import dumps
from fitprint._core.privacy import in_force

LONGEST = 200
"""Of a value in a table; ``--json`` has it whole."""


def clean(value: object) -> str:
    """A text without secrets, in which control characters, also those that turn the writing round, are spelled out."""
    text = in_force().text(str(value))
    return text if text.isprintable() else "".join(map(_spelled, text))


def _spelled(letter: str) -> str:
    if letter.isprintable():
        return letter
    return letter.encode("unicode_escape").decode("ascii")


def columns(text: str) -> int:
    """How many columns of a terminal a clean text takes: East Asian letters take two, accents none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) > 0 for letter in text)


def shortened(text: str, width: int) -> str:
    """A clean text in at most so many columns, with an ellipsis where it is cut."""
    if columns(text) <= width:
        return text
    while text and columns(text) >= width:
        text = text[: min(len(text) - 1, width)]
    return text + "…"


def value_text(value: Any) -> str:
    """A param, a tag or another value of the user's: on one line, and cut where it is very long."""
    return shortened(clean(str(value)[: 2 * LONGEST]), LONGEST)


def number_text(value: Any) -> str:
    """A metric, in six digits."""
    return f"{value:.6g}" if isinstance(value, float) else value_text(value)


def duration(seconds: Any) -> str:
    """`12 ms`, `3.4 s`, `2m 05s`, `3h 12m`, `2d 3h`; nothing for what is no time."""
    if not isinstance(seconds, (int, float)) or not math.isfinite(seconds) or seconds < 0:
        return ""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if not hours:
        return f"{minutes}m {rest:02d}s"
    return f"{hours}h {minutes_left:02d}m" if hours < 24 else f"{hours // 24}d {hours % 24}h"


def local_time(moment: str | None) -> datetime | None:
    """A time of a record in the time zone of this machine; None for what is no time."""
    try:
        return datetime.fromisoformat(moment).astimezone() if moment else None
    except (ValueError, OverflowError, OSError):
        return None


def time_text(moment: str | None) -> str:
    """`2026-03-01 14:05:09` in local time; a text that is no time as it is."""
    found = local_time(moment)
    return f"{found:%Y-%m-%d %H:%M:%S}" if found else shortened(clean(moment or ""), 32)


def seconds_since(moment: str | None) -> float | None:
    """Seconds from a time of a record to now."""
    found = local_time(moment)
    return (datetime.now(UTC) - found).total_seconds() if found else None


_BEYOND_ASCII = re.compile(r"[^\x00-\x7e]")


def as_json(document: Any, indent: int | None = 2) -> str:
    """Strict JSON in ASCII, which every terminal and pipe can take."""
    return _BEYOND_ASCII.sub(_json_escape, dumps(document, indent=indent))


def _json_escape(found: re.Match[str]) -> str:
    return "\\u007f" if found[0] == "\x7f" else json.dumps(found[0])[1:-1]
