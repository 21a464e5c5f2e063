"""The redactor: replaces secrets by ``***`` in texts and in plain values, however deeply they are nested."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from fitprint._core.privacy import assignments, password_options, secret_names, token_formats

HIDDEN = "***"
VALUE = "value:"
"""The prefix of a pattern that is a regular expression for values; any other pattern is a glob for names."""
_SHORTEST = 5
_LONGEST_CACHED, _MOST_CACHED = 200, 4096
_INNERMOST = re.compile(r"__|\.|/")


class Redactor:
    """Redacts secrets. It never changes a value: one without a secret is returned as it is.

    Patterns are globs for names (of a param, or of its last part) or, as ``value:<regular expression>``, for values.

    Args:
        own: Extra patterns to redact.
        allowed: Patterns that are never redacted, even if they match.
    """

    def __init__(self, own: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> None:
        self.patterns = own, allowed
        """What it was made of, to make the same one in another process."""
        self._own_names, self._own_values = _by_kind(own)
        self._allowed_names, self._allowed_values = _by_kind(allowed)
        self._wide = bool(own)
        self._names: dict[str, bool] = {}
        self.clean: set[str] = set()
        """Texts in which no secret was found. Most texts are the same in every run."""

    def hides(self, name: str) -> bool:
        """Return True if a value of this name is secret."""
        hidden = self._names.get(name)
        if hidden is None:
            if len(self._names) >= _MOST_CACHED:
                self._names.clear()
            hidden = not self.allows(name) and (self.is_own(name) or secret_names.is_secret(name))
            self._names[name] = hidden
        return hidden

    @property
    def hides_numbers(self) -> bool:
        """Whether a number may be redacted, which only an extra pattern does."""
        return self._wide

    def _hides_by(self, name: str, rule: Callable[[str], bool]) -> bool:
        """Return True if a value of this name is secret by the settings or by a rule for such places."""
        return self.hides(name) or (not self.allows(name) and rule(name))

    def is_own(self, name: str) -> bool:
        """Return True if an extra pattern matches this name: then any value is redacted, numbers too."""
        return _matches(name, self._own_names)

    def allows(self, name: str) -> bool:
        """Return True if a value of this name is never redacted."""
        return _matches(name, self._allowed_names)

    def value(self, name: str, value: Any, collected: list[Any] | None = None) -> Any:
        """Redact a plain value by its name and by its content.

        Args:
            name: The name of the value.
            value: The value.
            collected: A list to which the redacted values are added.

        Returns:
            The redacted value.
        """
        if value is None or value == "" or (self._allowed_names and self.allows(name)):
            return value
        if self.hides(name) and (not isinstance(value, (bool, int, float)) or self.is_own(name)):
            _collect(value, collected)
            return HIDDEN
        return self.inside(value, collected)

    def inside(self, value: Any, collected: list[Any] | None = None) -> Any:
        """Redact a plain value that has no name.

        The second value of a pair that begins with a name, and the value after an option, count as having that name.

        Args:
            value: The value.
            collected: A list to which the redacted values are added.

        Returns:
            The redacted value.
        """
        if isinstance(value, str):
            return self.text(value, collected)
        if isinstance(value, dict):
            return {self.text(str(name)): self.value(str(name), entry, collected) for name, entry in value.items()}
        if isinstance(value, (list, tuple)):
            redacted = [
                self.value(name, entry, collected)
                if (name := _name_before(value, i))
                else self.inside(entry, collected)
                for i, entry in enumerate(value)
            ]
            for position, start in password_options.in_words(redacted):
                word = redacted[position]
                redacted[position] = word[:start] + self._hide(collected, word[start:])
            return redacted
        return value

    def may_hide_in(self, text: str) -> bool:
        """Return False if a quick look shows that a text has no secret."""
        return self._wide or token_formats.has_signs(text.lower())

    def text(self, text: str, collected: list[Any] | None = None) -> str:
        """Redact the secrets in a text.

        Args:
            text: The text.
            collected: A list to which the redacted values are added.

        Returns:
            The redacted text.
        """
        if len(text) < _SHORTEST or text in self.clean:
            return text
        if not self.may_hide_in(text):
            return self._cached(text)
        redacted = self.by_format(text, collected)
        hide = functools.partial(self._hide, collected)
        redacted = _replaced(redacted, password_options.in_text(redacted), hide)
        redacted = _replaced(redacted, assignments.secrets(redacted, self._hides_by), hide)
        return self._cached(text) if redacted == text else redacted

    def by_format(self, text: str, collected: list[Any] | None = None) -> str:
        """Redact only what has the format of a secret, whatever name is before it.

        Args:
            text: The text.
            collected: A list to which the redacted values are added.

        Returns:
            The redacted text.
        """
        for pattern in (*self._own_values, token_formats.known()):
            text = pattern.sub(lambda match: self._hide(collected, match[0]), text)
        return text

    def _hide(self, collected: list[Any] | None, secret: str) -> str:
        if not secret or token_formats.references().fullmatch(secret):
            return secret
        if any(pattern.fullmatch(secret) for pattern in self._allowed_values):
            return secret
        if collected is not None:
            collected.append(secret)
        return HIDDEN

    def _cached(self, text: str) -> str:
        """Remember that a text has no secret."""
        if len(text) <= _LONGEST_CACHED:
            if len(self.clean) >= _MOST_CACHED:
                self.clean.clear()
            self.clean.add(text)
        return text


def _by_kind(patterns: tuple[str, ...]) -> tuple[list[str], list[re.Pattern[str]]]:
    """Return the globs for names, and the expressions for values."""
    globs = [pattern for pattern in patterns if not pattern.startswith(VALUE)]
    return globs, [re.compile(pattern.removeprefix(VALUE)) for pattern in patterns if pattern.startswith(VALUE)]


def _matches(name: str, globs: list[str]) -> bool:
    return bool(globs) and any(
        fnmatchcase(part, pattern) for part in {name, _INNERMOST.split(name)[-1]} for pattern in globs
    )


def _name_before(values: list[Any] | tuple[Any, ...], position: int) -> str:
    """Return the name of a value in a list: ``["--password", "x"]``, ``[["password", "x"]]``; an empty text if none."""
    before = values[position - 1] if position else None
    if not isinstance(before, str) or not isinstance(values[position], str):
        return ""
    return before.strip("-") if len(values) == 2 or (before.startswith("-") and "=" not in before) else ""


def _replaced(text: str, places: Any, hide: Callable[[str], str]) -> str:
    parts, position = [], 0
    for start, end in places:
        parts += [text[position:start], hide(text[start:end])]
        position = end
    return "".join((*parts, text[position:])) if parts else text


def _collect(value: Any, collected: list[Any] | None) -> None:
    """Add the parts of a redacted value to a list."""
    if collected is None or value is None:
        return
    if isinstance(value, dict):
        for entry in value.values():
            _collect(entry, collected)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            _collect(entry, collected)
    else:
        collected.append(value)


@functools.lru_cache(maxsize=16)
def redactor_for(own: tuple[str, ...], allowed: tuple[str, ...]) -> Redactor:
    """Return the redactor for the settings ``redact`` and ``redact_allow``.

    Args:
        own: Extra patterns to redact.
        allowed: Patterns that are never redacted.
    """
    return Redactor(own, allowed)


_in_force = redactor_for((), ())


def in_force() -> Redactor:
    """Return the redactor of this process, for log lines and for what belongs to no run."""
    return _in_force


def use(redactor: Redactor) -> None:
    """Make a redactor the one of this process.

    Args:
        redactor: The redactor.
    """
    global _in_force
    _in_force = redactor
