"""Why a training call is not recorded: small named rules, from a call to a reason or None.

Asked in this order: the built-in ones, the flavor's, those installed through entry points, and `autolog(rules=[...])`.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from importlib import metadata
from typing import Any

from fitprint._core.guard import guarded
from fitprint._settings import parsers as read
from fitprint.plugin.flavor import Rule, SecondsUnknown, TrainingCall

GROUP = "fitprint.rules"


class LeftOutEstimator:
    """`include_estimators` (only these) and `exclude_estimators`: globs on the qualified class name.

    A class named in `include_estimators` is recorded though its flavor leaves it out by default.
    """

    name = "exclude_estimators"

    def __call__(self, call: TrainingCall) -> str | None:
        included, excluded = call.settings.include_estimators, call.settings.exclude_estimators
        if not included and not excluded:
            return None
        by_default = excluded == read.names(call.flavor.defaults.get("exclude_estimators"))
        names = (call.class_name, _public(call.class_name))
        if included and not _matches(names, included):
            return f"{names[1]} is not among include_estimators"
        if _matches(names, excluded) and not (included and by_default):
            return f"{names[1]} is among exclude_estimators"
        return None


class TooShort:
    """`min_fit_seconds`."""

    name = "min_fit_seconds"

    def __call__(self, call: TrainingCall) -> str | None:
        limit = call.settings.min_fit_seconds
        if not limit or call.seconds >= limit:
            return None
        return f"took {call.seconds:.3g} s, under min_fit_seconds ({limit:g})"


BUILT_IN: tuple[Rule, ...] = (LeftOutEstimator(), TooShort())


def _public(name: str) -> str:
    """A qualified name as users import it: without the private modules in between."""
    return ".".join(part for part in name.split(".") if not part.startswith("_") or part == "__main__")


def _matches(names: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, each) for each in patterns for name in names)


def name_of(rule: Rule) -> str:
    """What a rule is called in `status()` and in `Run.skipped`."""
    return str(getattr(rule, "name", None) or getattr(rule, "__name__", None) or type(rule).__name__)


class Installed:
    """The rules of other distributions, loaded when the first training call is asked about."""

    def __init__(self) -> None:
        self._points: tuple[metadata.EntryPoint, ...] = ()
        self._rules: tuple[Rule, ...] | None = None

    def find(self, points: Any) -> None:
        """Takes note of them; those of an earlier time are forgotten."""
        self._points, self._rules = tuple(points.select(group=GROUP)), None

    def rules(self) -> tuple[Rule, ...]:
        """The rules. One that cannot be loaded is told once and left out."""
        if self._rules is None:
            loaded: list[Rule] = []
            for point in self._points:
                with guarded(f"rule {point.name}", lost="cannot be loaded and is not asked"):
                    found = point.load()
                    rule = found() if isinstance(found, type) else found
                    if not callable(rule):
                        raise TypeError(f"{point.value} cannot be called")
                    loaded.append(rule)
            self._rules = tuple(loaded)
        return self._rules


installed = Installed()


def before(call: TrainingCall) -> tuple[str, str] | None:
    """(rule, reason) why this call is not to be recorded, before it starts."""
    return _first_reason(call, (*BUILT_IN, *call.flavor.rules, *installed.rules(), *call.settings.rules))


def after(call: TrainingCall) -> tuple[str, str] | None:
    """(rule, reason) why this call is not to be recorded, once it has returned; of the rules that waited for that."""
    return _first_reason(call, call.asked_later)


def _first_reason(call: TrainingCall, rules: Iterable[Rule]) -> tuple[str, str] | None:
    """The first rule that has a reason. A rule that raises is told once and ignored."""
    for rule in rules:
        name = name_of(rule)
        with guarded(f"rule {name}", call.flavor.name, strict=call.settings.strict, lost="raised, and is ignored"):
            try:
                reason = rule(call)
            except SecondsUnknown:
                call.asked_later += (rule,)
                continue
            if reason:  # a rule that says True has no reason, and means no
                return name, reason if isinstance(reason, str) else "no reason given"
    return None
