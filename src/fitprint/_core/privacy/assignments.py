"""Secrets in running text by the name before them: ``api_key='...'``, ``"password": ...``, ``--token ...``."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_SCHEMES = ("bearer", "basic", "token", "digest", "negotiate")


def secrets(text: str, is_secret: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    """(start, end) of each value in a text that stands after a secret name, in order.

    Numbers, truth values and None are no secrets, unless they are given to an option of a command line.
    """
    position = 0
    while found := _named().search(text, position):
        position = found.end()
        option = found["name"].startswith("-")
        if (found["link"].isspace() or "," in found["link"]) and not option:
            continue
        if is_secret(found["name"].strip("-")):
            start, end = _value(text, position, option)
            position = max(position, end)
            if start < end and (option or not _harmless().fullmatch(text, start, end)):
                yield start, end


def _value(text: str, start: int, option: bool) -> tuple[int, int]:
    """Where the value at a place begins and ends: without its quotes, with its brackets, else a word."""
    quote = _quote().match(text, start)
    if quote:
        return quote.end(), _end_of_quoted(text, quote.end(), quote["quote"])
    call = _call().match(text, start)
    if call:
        return start, _end_of_bracket(text, call.end() - 1)
    if option and text[start : start + 1] == "-":
        return start, start  # the next option
    word = _word(option).match(text, start)
    end = word.end() if word else start
    if text[start:end].lower() in _SCHEMES and (further := _further().match(text, end)):
        return further.end("space"), further.end()
    return start, end


def _end_of_quoted(text: str, start: int, quote: str) -> int:
    """The place of the closing quote; a quote that was escaped itself is closed by one that is, too."""
    if len(quote) > 1:
        end = text.find(quote, start)
        return end if end >= 0 else len(text)
    position = start
    while position < len(text) and text[position] != quote:
        position += 2 if text[position] == "\\" else 1
    return min(position, len(text))


def _end_of_bracket(text: str, start: int) -> int:
    """Behind the bracket that closes the one at a place; brackets in quotes do not count."""
    waiting: list[str] = []
    position = start
    while found := _structure().search(text, position):
        sign, position = found[0], found.end()
        if sign in _CLOSING:
            waiting.append(_CLOSING[sign])
        elif sign in ("'", '"'):
            position = _end_of_quoted(text, position, sign) + 1
        elif waiting and sign == waiting[-1]:
            waiting.pop()
            if not waiting:
                return position
    return len(text)


@functools.cache
def _named() -> re.Pattern[str]:
    return re.compile(
        r"(?<![\w.\-])(?P<name>-{0,2}[^\W\d][\w.\-]{0,99})"
        r"(?P<link>\\{0,3}[\"']?(?:\s{0,3}(?:=>|:=|=(?!=)|:)\s{0,3}|,\s{0,3}(?=[\"']))|\s{1,3})"
    )


@functools.cache
def _quote() -> re.Pattern[str]:
    return re.compile(r"[bBuUrRfF]{0,2}(?P<quote>\\{0,3}[\"'])")


@functools.cache
def _call() -> re.Pattern[str]:
    return re.compile(r"(?:[^\W\d][\w.]{0,99})?[(\[{]")


@functools.cache
def _word(option: bool) -> re.Pattern[str]:
    """An option's value ends with its argument, any other with what may come after a value in a text."""
    return re.compile(r"[^\s\"']{1,4096}" if option else r"[^\s,;&()\[\]{}\"'<>]{1,4096}")


@functools.cache
def _further() -> re.Pattern[str]:
    return re.compile(r"(?P<space>\s{1,3})[^\s,;\"']{1,4096}")


@functools.cache
def _structure() -> re.Pattern[str]:
    return re.compile(r"[\"'()\[\]{}]")


@functools.cache
def _harmless() -> re.Pattern[str]:
    return re.compile(r"[-+]?\d[\d_.eE+-]*|[Tt]rue|[Ff]alse|None|null|[Nn]a[Nn]|-?[Ii]nf(?:inity)?|\*{3,}")
