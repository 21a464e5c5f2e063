"""YAML of unknown origin: checked event by event before anything is built from it.

A small file can stand for an endless document (by anchors that repeat each other), can be nested deeper than any
reader's stack, or can name Python objects. What is limited here is the resulting document, not the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

DEEPEST = 100
MOST_VALUES = 200_000
LONGEST_NUMBER = 1_000

_ERRORS_OF_VALUES = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""What PyYAML does not catch: errors of int(), datetime() and hash(), and its own with an empty ``!!int ""``."""
_NUMBER = re.compile(r"[-+]?\.?[0-9][-+.:_0-9a-fox]*", re.IGNORECASE)
_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("binary", "bool", "float", "int", "map", "merge", "null", "seq", "str", "timestamp", "value")
)


class YamlError(ValueError):
    """A text is not YAML, or not of the kind that is read here; the message is one line."""


def load(content: bytes) -> Any:
    """Return the document of a YAML file as plain data.

    Raises:
        YamlError: It cannot be read.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _look_through(yaml.parse(content, Loader=loader))
        return yaml.load(content, Loader=loader)
    except YamlError:
        raise
    except (yaml.YAMLError, RecursionError, *_ERRORS_OF_VALUES) as error:
        raise YamlError(f"is not YAML: {' '.join(str(error).split())[:200]}") from None


@dataclass
class _Open:
    """A list or a map whose end has not been read yet."""

    anchor: str | None
    before: int
    """The number of values before it."""
    keys: set[str] | None
    """The keys so far, if it is a map."""
    children: int = 0


def _look_through(events: Any) -> None:
    """Raise YamlError if the document that the events stand for is over the limits."""
    import yaml

    total = 0
    sizes: dict[str, int] = {}
    outer: list[_Open] = []
    for event in events:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            _check_scalar(event)
            _add_child(outer, event.value)
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif kind is yaml.AliasEvent:
            if any(parent.anchor == event.anchor for parent in outer):
                raise YamlError(f"holds a value that contains itself: {event.anchor[:50]!r}")
            _add_child(outer)
            total += sizes.get(event.anchor, 1)  # an unknown anchor is refused when the document is built
        elif kind is yaml.SequenceStartEvent or kind is yaml.MappingStartEvent:
            _check_tag(event.tag)
            _add_child(outer)
            outer.append(_Open(event.anchor, total, set() if kind is yaml.MappingStartEvent else None))
            total += 1
        elif kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
            closed = outer.pop()
            if closed.anchor:
                sizes[closed.anchor] = total - closed.before
        if total > MOST_VALUES:
            raise YamlError(f"holds more than {MOST_VALUES:,} values")
        if len(outer) > DEEPEST:
            raise YamlError(f"is nested more than {DEEPEST} deep")


def _add_child(outer: list[_Open], key: str | None = None) -> None:
    """Count a value in its list or map; raise YamlError if the map has the key already."""
    if not outer:
        return
    parent = outer[-1]
    if parent.keys is not None and parent.children % 2 == 0 and key is not None:
        if key in parent.keys:
            raise YamlError(f"has the key {key[:50]!r} twice in one map")
        parent.keys.add(key)
    parent.children += 1


def _check_scalar(event: Any) -> None:
    _check_tag(event.tag)
    text = event.value
    is_plain = event.implicit[0] or event.tag is not None
    if is_plain and len(text) > LONGEST_NUMBER and _NUMBER.fullmatch(text):
        raise YamlError(f"holds a number of {len(text):,} characters")  # int() takes minutes for a million digits


def _check_tag(tag: str | None) -> None:
    if tag not in (None, "!") and tag not in _TAGS:
        raise YamlError(f"holds a value of the type {str(tag)[:80]!r}, which is not plain data")
