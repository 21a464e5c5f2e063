"""What hides secrets: in texts, in plain values under their names, nested as deep as they are."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from fitprint._core.privacy import assignments as assigned
from fitprint._core.privacy import secret_names as names
from fitprint._core.privacy import token_formats as formats

HIDDEN = "***"
VALUE = "value:"
"""How an own pattern begins that is a regular expression on values; any other is a glob on names."""
_SHORTEST = 5
_KEPT_TEXT, _MOST_KEPT = 200, 4096
_INNERMOST = re.compile(r"__|\.|/")


class Redactor:
    """Hides what is secret. ``own``: further patterns; ``allowed``: what is shown all the same.

    Both are globs on names (of a param, or of its last part) or, as ``value:<regular expression>``, on values.
    What is given is never changed: a value with nothing to hide is given back as it is.
    """

    def __init__(self, own: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> None:
        self._own_names, self._own_values = _sorted(own)
        self._allowed_names, self._allowed_values = _sorted(allowed)
        self._wide = bool(own)
        self._names: dict[str, bool] = {}
        self._clean: set[str] = set()

    def hides(self, name: str) -> bool:
        """Whether what has this name is secret."""
        found = self._names.get(name)
        if found is None:
            if len(self._names) >= _MOST_KEPT:
                self._names.clear()
            found = self._names[name] = not self.allows(name) and (self.is_own(name) or names.is_secret(name))
        return found

    def is_own(self, name: str) -> bool:
        """Whether an own pattern hides this name: then whatever it holds, numbers too."""
        return _matches(name, self._own_names)

    def allows(self, name: str) -> bool:
        """Whether what has this name is shown, whatever it is."""
        return _matches(name, self._allowed_names)

    def value(self, name: str, value: Any, found: list[Any] | None = None) -> Any:
        """A plain value with what is secret in it hidden; ``found`` gets what was hidden."""
        if value is None or value == "" or (self._allowed_names and self.allows(name)):
            return value
        if self.hides(name) and (not isinstance(value, (bool, int, float)) or self.is_own(name)):
            _collect(value, found)
            return HIDDEN
        return self.inside(value, found)

    def inside(self, value: Any, found: list[Any] | None = None) -> Any:
        """The same for a value without a name. A pair that begins with a name, or an option's, is one with a name."""
        if isinstance(value, str):
            return self.text(value, found)
        if isinstance(value, dict):
            return {self.text(str(name)): self.value(str(name), each, found) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [
                self.value(named, each, found) if (named := _name_before(value, i)) else self.inside(each, found)
                for i, each in enumerate(value)
            ]
        return value

    def may_hide_in(self, text: str) -> bool:
        """Whether there may be something to hide in a text: a quick look."""
        return self._wide or formats.signs().search(text.lower()) is not None

    def text(self, text: str, found: list[Any] | None = None) -> str:
        """A text with what is secret in it hidden."""
        if len(text) < _SHORTEST or text in self._clean:
            return text
        if not self.may_hide_in(text):
            return self._noted(text)
        shown = self.looks(text, found)
        shown = _put_in(shown, assigned.secrets(shown, self.hides), functools.partial(self._hide, found))
        return self._noted(text) if shown == text else shown

    def looks(self, text: str, found: list[Any] | None = None) -> str:
        """A text in which only that is hidden which looks like a secret, whatever stands before it."""
        for pattern in (*self._own_values, formats.known()):
            text = pattern.sub(lambda match: self._hide(found, match[0]), text)
        return text

    def _hide(self, found: list[Any] | None, secret: str) -> str:
        if not secret or formats.references().fullmatch(secret):
            return secret
        if any(pattern.fullmatch(secret) for pattern in self._allowed_values):
            return secret
        if found is not None:
            found.append(secret)
        return HIDDEN

    def _noted(self, text: str) -> str:
        """Keeps in mind that there is nothing to hide in a text: most are the same in every run."""
        if len(text) <= _KEPT_TEXT:
            if len(self._clean) >= _MOST_KEPT:
                self._clean.clear()
            self._clean.add(text)
        return text


def _sorted(patterns: tuple[str, ...]) -> tuple[list[str], list[re.Pattern[str]]]:
    """The globs on names, and the expressions on values."""
    globs = [each for each in patterns if not each.startswith(VALUE)]
    return globs, [re.compile(each.removeprefix(VALUE)) for each in patterns if each.startswith(VALUE)]


def _matches(name: str, globs: list[str]) -> bool:
    return bool(globs) and any(
        fnmatchcase(each, pattern) for each in {name, _INNERMOST.split(name)[-1]} for pattern in globs
    )


def _name_before(values: list[Any] | tuple[Any, ...], position: int) -> str:
    """The name that a value of a list stands under: ``["--password", "x"]``, ``[["password", "x"]]``; else nothing."""
    before = values[position - 1] if position else None
    if not isinstance(before, str) or not isinstance(values[position], str):
        return ""
    return before.strip("-") if len(values) == 2 or (before.startswith("-") and "=" not in before) else ""


def _put_in(text: str, places: Any, hide: Callable[[str], str]) -> str:
    parts, position = [], 0
    for start, end in places:
        parts += [text[position:start], hide(text[start:end])]
        position = end
    return "".join((*parts, text[position:])) if parts else text


def _collect(value: Any, found: list[Any] | None) -> None:
    """What a hidden value was made of."""
    if found is None or value is None:
        return
    if isinstance(value, dict):
        for each in value.values():
            _collect(each, found)
    elif isinstance(value, (list, tuple)):
        for each in value:
            _collect(each, found)
    else:
        found.append(value)


@functools.lru_cache(maxsize=16)
def redactor_for(own: tuple[str, ...], allowed: tuple[str, ...]) -> Redactor:
    """The redactor of two settings."""
    return Redactor(own, allowed)


_in_force = redactor_for((), ())


def in_force() -> Redactor:
    """The redactor of this process: for lines, and for what belongs to no run."""
    return _in_force


def use(redactor: Redactor) -> None:
    """Puts a redactor in force."""
    global _in_force
    _in_force = redactor
