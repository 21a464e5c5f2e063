"""Values as text for a terminal: free of secrets and control characters, and no longer than they need to be."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from fitprint._core.jsonable import to_json
from fitprint._core.privacy import in_force

LONGEST = 200
"""Characters of a value in a table; ``--json`` has the whole value."""


def clean(value: object) -> str:
    """Return a text without secrets and control characters.

    Control characters, also those that reverse the direction of writing, are spelled out.
    """
    text = in_force().text(str(value))
    return text if text.isprintable() else "".join(map(_spelled, text))


def _spelled(letter: str) -> str:
    if letter.isprintable():
        return letter
    return letter.encode("unicode_escape").decode("ascii")


def shortened(text: str, length: int) -> str:
    """Return a text of at most this many characters, with an ellipsis if it is cut."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def value_text(value: Any) -> str:
    """Return a param, a tag or another value of the user on one line, cut if it is very long."""
    return shortened(clean(str(value)[: 2 * LONGEST]), LONGEST)


def number_text(value: Any) -> str:
    """Return a metric in six digits."""
    return f"{value:.6g}" if isinstance(value, float) else value_text(value)


def duration(seconds: Any) -> str:
    """Return `12 ms`, `3.4 s`, `2m 05s`, `3h 12m` or `2d 3h`; an empty text for what is not a time."""
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
    """Return a time of a record in this machine's time zone, or None if it is not a time."""
    try:
        return datetime.fromisoformat(moment).astimezone() if moment else None
    except (ValueError, OverflowError, OSError):
        return None


def time_text(moment: str | None) -> str:
    """Return `2026-03-01 14:05:09` in local time; a text that is not a time as it is."""
    time = local_time(moment)
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else shortened(clean(moment or ""), 32)


def seconds_since(moment: str | None) -> float | None:
    """Return the seconds from a time of a record to now, or None if it is not a time."""
    time = local_time(moment)
    return (datetime.now(UTC) - time).total_seconds() if time else None


_BEYOND_ASCII = re.compile(r"[^\x00-\x7e]")


def as_json(document: Any, indent: int | None = 2) -> str:
    """Return strict JSON in ASCII, which every terminal and pipe can take."""
    return _BEYOND_ASCII.sub(_json_escape, to_json(document, indent=indent))


def _json_escape(match: re.Match[str]) -> str:
    return "\\u007f" if match[0] == "\x7f" else json.dumps(match[0])[1:-1]
