"""How a setting's value is read, from a variable's text or from a Python argument.

A reader returns the value, or raises ValueError with what is accepted. It knows that in a word too, for `--help`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fitprint._core.privacy.redactor import VALUE

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_UNITS = {"": 1, "b": 1, **{f"{p}b": 1000**n for n, p in enumerate("kmgt", 1)}}
_UNITS |= {f"{p}ib": 1024**n for n, p in enumerate("kmgt", 1)}


@dataclass(frozen=True)
class Reader:
    """Reads the values of one kind."""

    kind: str
    """In a word: ``SIZE``."""
    accepted: str
    """In a phrase: ``a size such as 100MB``."""
    parse: Callable[[Any], Any]
    """Gives the value; raises ValueError, TypeError or OverflowError for what is none."""

    def __call__(self, value: Any) -> Any:
        try:
            return self.parse(value)
        except (ValueError, TypeError, OverflowError):
            raise ValueError(self.accepted) from None


def _reader(kind: str, accepted: str) -> Callable[[Callable[[Any], Any]], Reader]:
    return lambda parse: Reader(kind, accepted, parse)


@_reader("yes/no", "1 or 0, true or false, yes or no, on or off")
def boolean(value: Any) -> bool:
    """True or False; as text 1/0, true/false, yes/no, on/off in any case."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ValueError
    return text in _TRUE


@_reader("TEXT", "a text or a path")
def text(value: Any) -> str | None:
    """A text, None for an empty one; a path-like object becomes its path."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    raise ValueError


@_reader("NAME,NAME", "names, comma-separated or as a list of texts")
def names(value: Any) -> tuple[str, ...] | None:
    """Names: a list of them, or a comma-separated text."""
    if value is None:
        return None
    found = value.split(",") if isinstance(value, str) else list(value)
    if not all(isinstance(each, str) for each in found):
        raise ValueError
    return tuple(each.strip() for each in found if each.strip())


@_reader("PATTERN,...", "globs on names, or value:<regular expression>")
def patterns(value: Any) -> tuple[str, ...] | None:
    """Globs on names, and ``value:<regular expression>``: a list, or a text, whose commas in brackets are no ends."""
    found: tuple[str, ...] | None = names(_outside_brackets(value) if isinstance(value, str) else value)
    for each in found or ():
        try:
            re.compile(each.removeprefix(VALUE) if each.startswith(VALUE) else "")
        except re.error as error:
            raise ValueError from error
    return found


def _outside_brackets(text: str) -> list[str]:
    found, depth = [""], 0
    for letter in text:
        depth = max(depth + (letter in "([{") - (letter in ")]}"), 0)
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found


@_reader("NAME=VALUE,...", "tags as name=value, comma-separated, or a mapping")
def tags(value: Any) -> dict[str, str]:
    """Tags: a mapping, or a text like ``team=x,job=y``."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(name): str(each) for name, each in value.items()}
    pairs = [each.partition("=") for each in str(value).split(",") if each.strip()]
    if not all(equals and name.strip() for name, equals, _ in pairs):
        raise ValueError
    return {name.strip(): each.strip() for name, _, each in pairs}


@_reader("SIZE", "a size such as 100MB, 1.5GiB or a number of bytes")
def size(value: Any) -> int | None:
    """A size in bytes: a whole number, or a text like 100MB (powers of 1000) or 1.5GiB (of 1024)."""
    if value is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", str(value))
    if isinstance(value, bool) or found is None or found[2].lower() not in _UNITS:
        raise ValueError
    return int(float(found[1]) * _UNITS[found[2].lower()])


@_reader("SECONDS", "seconds, a number of zero or more")
def seconds(value: Any) -> float:
    """Seconds, zero or more."""
    found = float(value)
    if not found >= 0 or isinstance(value, bool):
        raise ValueError
    return found


@_reader("COUNT", "a whole number of zero or more")
def whole_number(value: Any) -> int:
    """A whole number of zero or more; None means no limit, as in MLflow."""
    if value is None:
        return 2**31
    found = int(value)
    if found < 0 or isinstance(value, bool) or found != float(value):
        raise ValueError
    return found


def one_of(*words: str) -> Reader:
    """A reader of one of a few words, in any case."""

    def read(value: Any) -> str | None:
        if value is None:
            return None
        text = str(value).strip().lower()
        if text not in words:
            raise ValueError
        return text

    return Reader("|".join(words), " or ".join(filter(None, (", ".join(words[:-1]), words[-1]))), read)


@_reader("RULES", "callables that take a training call and return a reason or None; no classes, but what they make")
def callables(value: Any) -> tuple[Callable[..., str | None], ...]:
    """A callable, or several. A class would make an object of every call, and none of these is a reason."""
    if value is None:
        return ()
    rules = (value,) if callable(value) else tuple(value)
    if not all(callable(each) and not isinstance(each, type) for each in rules):
        raise ValueError
    return rules
