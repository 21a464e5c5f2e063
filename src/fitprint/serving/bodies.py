"""The body of a request as text and as JSON: strict where a value would be lost, lenient about NaN and Infinity."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from fitprint.serving.errors import RequestError
from fitprint.serving.extra import optional_function

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"

_SHAPES = bytes.maketrans(b"123456789[: -\t\n\r", b"000000000,,,,,,,")
_LONG_NUMBER = b"," + b"0" * 19
_KEY = re.compile(rb'"\s*:')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@lru_cache(64)
def media_type(content_type: str | None) -> str:
    """Return the media type of a request without its parameters; JSON where the caller names none.

    Raises:
        RequestError: The header has another charset than UTF-8, or a parameter that would change the meaning.
    """
    if not content_type or not content_type.strip():
        return JSON
    media, *parameters = (part.strip() for part in content_type.split(";"))
    for parameter in filter(None, parameters):
        name, _, value = parameter.partition("=")
        if name.strip().lower() != "charset":
            raise RequestError(415, f"The parameter {name.strip()!r:.40} of the content type is not supported.")
        if value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise RequestError(415, "The server reads UTF-8 only; send charset=utf-8.")
    return media.lower()


_OF_CURL = "application/x-www-form-urlencoded"


def unsupported(media: str, known: Sequence[str]) -> RequestError:
    """Return the error for a media type that is not among those known."""
    message = f"The content type {media!r:.80} is not supported; send {' or '.join(known)}."
    if media == _OF_CURL:
        message += f" That is what curl sends by itself: add -H 'Content-Type: {known[0]}'."
    return RequestError(415, message)


def text_of(body: bytes) -> str:
    """Return a body as text.

    Raises:
        RequestError: It is not UTF-8.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(400, f"The body is not UTF-8, from byte {error.start} on.") from None


def read_json(body: bytes) -> Any:
    """Parse a body as JSON.

    ``NaN``, ``Infinity`` and ``-Infinity`` are understood, since clients of MLflow send them. A number of JSON is never
    changed: whole numbers stay whole, however long.

    Raises:
        RequestError: It is not JSON, a number is too large for a float, a key stands twice in an object, or a text has
            half of a surrogate pair. The message says where, never what.
    """
    value = _parsed_fast(body)
    if value is _UNREAD:
        return _parsed(body)
    return value if _keys_are_unique(value, body) else _parsed(body)


_UNREAD = object()
_fast_loads = optional_function("orjson", "loads")


def _parsed_fast(body: bytes) -> Any:
    """Parse with orjson where it gives the same as json: it makes floats of numbers with more digits than 64 bits."""
    if _fast_loads is None:
        return _UNREAD
    if _LONG_NUMBER in body.translate(_SHAPES) or body[:1].isdigit():
        return _UNREAD
    try:
        return _fast_loads(body)
    except ValueError:
        return _UNREAD


def _keys_are_unique(value: Any, body: bytes) -> bool:
    """Return whether a body certainly has as many keys as what was parsed from it; False if that cannot be told."""
    colons = body.count(b":")
    count, level = 0, [value]
    while level:  # one level of nesting after the other, so that most tables are not looked at cell by cell
        count += sum(len(item) for item in level if isinstance(item, dict))
        if count >= colons:
            break
        inner = (item.values() if isinstance(item, dict) else item for item in level if isinstance(item, (dict, list)))
        level = [item for items in inner for item in items if isinstance(item, (dict, list))]
    return count == colons or count == len(_KEY.findall(body))  # colons may be in texts, those of times for example


def _parsed(body: bytes) -> Any:
    text = text_of(body)
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_float=_finite)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise RequestError(400, f"The body is not JSON: {error.msg.lower()} at {place}.") from None
    except RecursionError:
        raise RequestError(400, "The body is nested too deeply.") from None
    except ValueError:  # Python refuses to read whole numbers of thousands of digits
        raise RequestError(400, "The body has a number with too many digits.") from None
    if _SURROGATE.search(text):
        _refuse_half_pairs(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise RequestError(400, "The body is ambiguous: a key stands twice in one JSON object.")
    return made


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise RequestError(400, "The body has a number that is too large for a 64-bit float.")
    return number


def _refuse_half_pairs(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise RequestError(400, "The body is nested too deeply.") from None
    except UnicodeEncodeError:
        raise RequestError(400, "A text in the body has half of a surrogate pair, which is not a character.") from None
