"""Rules, which decide that a training call is not recorded, and say why.

They are asked in this order: the built-in ones, the flavor's, those that installed distributions register, and those of
`autolog(rules=[...])`. The first one that returns a reason decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from importlib import metadata
from typing import Any

from fitprint._core.guard import guarded
from fitprint._settings import parsers
from fitprint.plugin.contract import Rule, TrainingCall
from fitprint.plugin.recorded_call import SecondsUnknown

GROUP = "fitprint.rules"
"""The group of entry points in which distributions register rules."""


class EstimatorFilter:
    """The settings `include_estimators` and `exclude_estimators`: patterns for the qualified name of the class.

    A class that `include_estimators` names is recorded even if its flavor excludes it by default.
    """

    name = "exclude_estimators"

    def __call__(self, call: TrainingCall) -> str | None:
        included, excluded = call.settings.include_estimators, call.settings.exclude_estimators
        if not included and not excluded:
            return None
        is_default = excluded == parsers.names(call.flavor.defaults.get("exclude_estimators"))
        names = (call.class_name, _public_name(call.class_name))
        if included and not _matches(names, included):
            return f"include_estimators does not name {names[1]}"
        if _matches(names, excluded) and not (included and is_default):
            return f"exclude_estimators names {names[1]}"
        return None


class MinimumFitTime:
    """The setting `min_fit_seconds`."""

    name = "min_fit_seconds"

    def __call__(self, call: TrainingCall) -> str | None:
        minimum = call.settings.min_fit_seconds
        if not minimum or call.seconds >= minimum:
            return None
        return f"it took {call.seconds:.3g} s, less than min_fit_seconds ({minimum:g})"


class RankZeroOnly:
    """The setting `rank_zero_only`, for trainings that are themselves distributed over several processes."""

    name = "rank_zero_only"

    def __call__(self, call: TrainingCall) -> str | None:
        if not call.settings.rank_zero_only:
            return None
        rank, size = call.world()
        return f"this process is rank {rank} of {size}; rank 0 records the training" if size > 1 and rank else None


BUILT_IN: tuple[Rule, ...] = (EstimatorFilter(), MinimumFitTime(), RankZeroOnly())


def _public_name(name: str) -> str:
    """Return a qualified name as users import it, without the private modules in between."""
    return ".".join(part for part in name.split(".") if not part.startswith("_") or part == "__main__")


def _matches(names: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)


def rule_name(rule: Rule) -> str:
    """Return the name of a rule in `status()` and in `Run.skipped`."""
    return str(getattr(rule, "name", None) or getattr(rule, "__name__", None) or type(rule).__name__)


class InstalledRules:
    """The rules that installed distributions register. They are loaded when the first training call is decided."""

    def __init__(self) -> None:
        self._entry_points: tuple[metadata.EntryPoint, ...] = ()
        self._rules: tuple[Rule, ...] | None = None

    def discover(self, entry_points: Any) -> None:
        """Note which rules are registered, in place of those noted before. None is loaded yet."""
        self._entry_points, self._rules = tuple(entry_points.select(group=GROUP)), None

    def load(self) -> tuple[Rule, ...]:
        """Return the rules. One that cannot be loaded is logged once and left out."""
        if self._rules is None:
            loaded: list[Rule] = []
            for entry_point in self._entry_points:
                with guarded(f"rule {entry_point.name}", lost="cannot be loaded and is not asked"):
                    registered = entry_point.load()
                    rule = registered() if isinstance(registered, type) else registered
                    if not callable(rule):
                        raise TypeError(f"{entry_point.value} cannot be called")
                    loaded.append(rule)
            self._rules = tuple(loaded)
        return self._rules


installed_rules = InstalledRules()


def refusal_before(call: TrainingCall) -> tuple[str, str] | None:
    """Return the rule that refuses a call before it starts, and its reason; or None."""
    return _first_refusal(call, (*BUILT_IN, *call.flavor.rules, *installed_rules.load(), *call.settings.rules))


def refusal_after(call: TrainingCall) -> tuple[str, str] | None:
    """Return the rule that refuses a call after it has returned, and its reason; or None.

    Only rules that read the call's duration, and so had to wait for its end, are asked.
    """
    return _first_refusal(call, call.asked_later)


def _first_refusal(call: TrainingCall, rules: Iterable[Rule]) -> tuple[str, str] | None:
    """Return the first rule that has a reason, and the reason. A rule that raises is logged once and ignored."""
    for rule in rules:
        name = rule_name(rule)
        with guarded(f"rule {name}", call.flavor.name, strict=call.settings.strict, lost="raised, and is ignored"):
            try:
                reason = rule(call)
            except SecondsUnknown:
                call.asked_later += (rule,)
                continue
            if reason:  # a rule that returns True, not a text, refuses too
                return name, reason if isinstance(reason, str) else "the rule gives no reason"
    return None
