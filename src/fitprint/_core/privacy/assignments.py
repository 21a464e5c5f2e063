"""Secrets in running text, found by the name before them: ``api_key='...'``, ``"password": ...``, ``--token ...``."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from fitprint._core.privacy import secret_names

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_RULE: Callable[[str], bool] = secret_names.is_secret
_SCHEMES = ("bearer", "basic", "token", "digest", "negotiate")


def secrets(text: str, hides: Callable[[str, Callable[[str], bool]], bool]) -> Iterator[tuple[int, int]]:
    """Find the values that follow a secret name.

    A number, a truth value or None is not a secret, unless it is the value of a command line's option.

    Args:
        text: The text.
        hides: Whether a value of a name is hidden, by the rule that is given for names at such a place.

    Yields:
        The start and the end of each value, in order.
    """
    position = 0
    while match := _named().search(text, position):
        position = match.end()
        option = match["name"].startswith("-")
        if (match["link"].isspace() or "," in match["link"]) and not option:
            continue
        name, rule = match["name"].strip("-"), _RULE
        if option:
            rule = secret_names.is_secret_option
        elif text[match.start() - 1 : match.start()] in ("?", "&"):
            rule = secret_names.is_secret_in_query
        if hides(name, rule):
            start, end = _value(text, position, option)
            position = max(position, end)
            if start < end and (option or not _harmless().fullmatch(text, start, end)):
                yield start, end


def _value(text: str, start: int, option: bool) -> tuple[int, int]:
    """Return where a value begins and ends: a quoted one without its quotes, a call with its brackets, else a word."""
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
    if text[start:end].lower() in _SCHEMES and (credentials := _further().match(text, end)):
        return credentials.end("space"), credentials.end()
    return start, end


def _end_of_quoted(text: str, start: int, quote: str) -> int:
    """Return the position of the closing quote; an escaped quote is closed by another escaped one."""
    if len(quote) > 1:
        end = text.find(quote, start)
        return end if end >= 0 else len(text)
    position = start
    while position < len(text) and text[position] != quote:
        position += 2 if text[position] == "\\" else 1
    return min(position, len(text))


def _end_of_bracket(text: str, start: int) -> int:
    """Return the position behind the closing bracket; brackets in quotes do not count."""
    open_brackets: list[str] = []
    position = start
    while match := _structure().search(text, position):
        sign, position = match[0], match.end()
        if sign in _CLOSING:
            open_brackets.append(_CLOSING[sign])
        elif sign in ("'", '"'):
            position = _end_of_quoted(text, position, sign) + 1
        elif open_brackets and sign == open_brackets[-1]:
            open_brackets.pop()
            if not open_brackets:
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
    """Match an option's value up to the end of the argument, and any other up to what may follow a value in a text."""
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
