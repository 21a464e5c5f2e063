"""How the value of a setting is read, from the text of a variable or from a Python argument.

A reader returns the value, or raises ValueError with what is accepted. It also names its kind in a word, for `--help`,
and the types that it accepts as an argument, for editors and type checkers.
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
AUTO = "auto"
_UNITS = {"": 1, "b": 1, **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", 1)}}
_UNITS |= {f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", 1)}


@dataclass(frozen=True)
class Reader:
    """Reads the values of one kind of setting."""

    kind: str
    """The kind in a word, as ``SIZE``."""
    accepted: str
    """What is accepted, in a phrase, as ``a size such as 100MB``."""
    parse: Callable[[Any], Any]
    """Reads a value. Whatever cannot be read is a ValueError, a TypeError or an OverflowError."""
    annotation: str = "Any"
    """The type of a Python argument, as an annotation."""

    def __call__(self, value: Any) -> Any:
        try:
            return self.parse(value)
        except (ValueError, TypeError, OverflowError):
            raise ValueError(self.accepted) from None


def _reader(kind: str, accepted: str, annotation: str) -> Callable[[Callable[[Any], Any]], Reader]:
    return lambda parse: Reader(kind, accepted, parse, annotation)


@_reader("yes/no", "1 or 0, true or false, yes or no, on or off", "bool")
def boolean(value: Any) -> bool:
    """True or False; as a text 1/0, true/false, yes/no or on/off in any case."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ValueError
    return text in _TRUE


@_reader("TEXT", "a text or a path", "str | os.PathLike[str] | None")
def text(value: Any) -> str | None:
    """A text, None for an empty one; a path-like object becomes its path."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    raise ValueError


@_reader(
    "TEXT",
    "a folder, or a URL that a store plugin serves; on Databricks a folder such as /dbfs/... or /Volumes/...",
    "str | os.PathLike[str] | None",
)
def location(value: Any) -> str | None:
    """Where a store is. What means Databricks' own tracking server or its file system to MLflow is not a folder."""
    place: str | None = text(value)
    if place is not None and re.match(r"databricks(-uc)?($|://)|dbfs:", place):
        raise ValueError
    return place


@_reader("NAME,NAME", "names, comma-separated or as a list of texts", "str | Iterable[str] | None")
def names(value: Any) -> tuple[str, ...] | None:
    """Names: a list of them, or a comma-separated text."""
    if value is None:
        return None
    parts = value.split(",") if isinstance(value, str) else list(value)
    if not all(isinstance(part, str) for part in parts):
        raise ValueError
    return tuple(part.strip() for part in parts if part.strip())


@_reader("auto/NAME,...", "auto, none, or names, comma-separated or as a list", "str | Iterable[str] | None")
def names_or_auto(value: Any) -> str | tuple[str, ...] | None:
    """The word auto, or names: none of them for the word none."""
    if isinstance(value, str) and value.strip().lower() in (AUTO, "none"):
        return AUTO if value.strip().lower() == AUTO else ()
    read: tuple[str, ...] | None = names(value)
    return read


@_reader("PATTERN,...", "globs on names, or value:<regular expression>", "str | Iterable[str] | None")
def patterns(value: Any) -> tuple[str, ...] | None:
    """Globs on names and ``value:<regular expression>``: a list, or a text in which commas in brackets do not split."""
    read: tuple[str, ...] | None = names(_outside_brackets(value) if isinstance(value, str) else value)
    for pattern in read or ():
        try:
            re.compile(pattern.removeprefix(VALUE) if pattern.startswith(VALUE) else "")
        except re.error as error:
            raise ValueError from error
    return read


def _outside_brackets(text: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth = max(depth + (letter in "([{") - (letter in ")]}"), 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


@_reader("NAME=VALUE,...", "tags as name=value, comma-separated, or a mapping", "str | Mapping[str, Any] | None")
def tags(value: Any) -> dict[str, str]:
    """Tags: a mapping, or a text like ``team=x,job=y``."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(name): str(tag) for name, tag in value.items()}
    pairs = [pair.partition("=") for pair in str(value).split(",") if pair.strip()]
    if not all(equals and name.strip() for name, equals, _ in pairs):
        raise ValueError
    return {name.strip(): tag.strip() for name, _, tag in pairs}


@_reader("SIZE", "a size such as 100MB, 1.5GiB or a number of bytes, or none", "str | int | None")
def size(value: Any) -> int | None:
    """A size in bytes: a whole number, or a text like 100MB (powers of 1000) or 1.5GiB (powers of 1024), or none."""
    if value is None or str(value).strip().lower() == "none":
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", str(value))
    if isinstance(value, bool) or match is None or match[2].lower() not in _UNITS:
        raise ValueError
    return int(float(match[1]) * _UNITS[match[2].lower()])


@_reader("SECONDS", "seconds, a number of zero or more", "float")
def seconds(value: Any) -> float:
    """Seconds, zero or more."""
    number = float(value)
    if not number >= 0 or isinstance(value, bool):
        raise ValueError
    return number


@_reader("COUNT", "a whole number of zero or more", "int | None")
def whole_number(value: Any) -> int:
    """A whole number of zero or more; None means no limit, as in MLflow."""
    if value is None:
        return 2**31
    number = int(value)
    if number < 0 or isinstance(value, bool) or number != float(value):
        raise ValueError
    return number


@_reader("auto|yes|no", "auto, or 1 or 0, true or false, yes or no, on or off", 'bool | Literal["auto"]')
def boolean_or_auto(value: Any) -> bool | str:
    """True, False or ``auto``."""
    return AUTO if isinstance(value, str) and value.strip().lower() == AUTO else bool(boolean.parse(value))


def one_of(*words: str) -> Reader:
    """Return a reader of one of a few words, in any case."""

    def read(value: Any) -> str | None:
        if value is None:
            return None
        text = str(value).strip().lower()
        if text not in words:
            raise ValueError
        return text

    accepted = " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    literals = ", ".join(f'"{word}"' for word in words)
    return Reader("|".join(words), accepted, read, f"Literal[{literals}] | None")


@_reader(
    "RULES",
    "callables that take a training call and return a reason or None; instances of classes, not the classes",
    "Callable[..., str | None] | Iterable[Callable[..., str | None]] | None",
)
def callables(value: Any) -> tuple[Callable[..., str | None], ...]:
    """A callable, or several. A class is refused: calling it makes an instance, which is not a reason."""
    if value is None:
        return ()
    rules = (value,) if callable(value) else tuple(value)
    if not all(callable(rule) and not isinstance(rule, type) for rule in rules):
        raise ValueError
    return rules
