"""Why a training call is not recorded: small named rules, from a call to a reason or None."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from fitprint._flavor import Rule, TrainingCall
from fitprint._guard import guarded


def left_out_estimator(call: TrainingCall) -> str | None:
    """`include_estimators` (only these) and `exclude_estimators`: globs on the qualified class name.

    A class named in `include_estimators` is recorded though its flavor leaves it out by default.
    """
    included, excluded = call.settings.include_estimators, call.settings.exclude_estimators
    if not included and not excluded:
        return None
    by_default = excluded == call.flavor.defaults.get("exclude_estimators")
    names = (call.class_name, _public(call.class_name))
    if included and not _matches(names, included):
        return f"{names[1]} is not among include_estimators"
    if _matches(names, excluded) and not (included and by_default):
        return f"{names[1]} is among exclude_estimators"
    return None


def _public(name: str) -> str:
    """A qualified name as users import it: without the private modules in between."""
    return ".".join(part for part in name.split(".") if not part.startswith("_") or part == "__main__")


def _matches(names: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, each) for each in patterns for name in names)


def too_short(call: TrainingCall) -> str | None:
    """`min_fit_seconds`, known when the call has returned."""
    limit = call.settings.min_fit_seconds
    return f"took {call.seconds:.3g} s, under min_fit_seconds ({limit:g})" if call.seconds < limit else None


BEFORE: tuple[tuple[str, Rule], ...] = (("exclude_estimators", left_out_estimator),)
AFTER: tuple[tuple[str, Rule], ...] = (("min_fit_seconds", too_short),)


def _first_reason(call: TrainingCall, rules: Iterable[tuple[str, Rule]]) -> tuple[str, str] | None:
    """(rule, reason) of the first rule that has one. A rule that raises is told once and ignored."""
    for name, rule in rules:
        reason = None
        with guarded(f"rule {name}", call.flavor.name, strict=call.settings.strict):
            reason = rule(call)
        if reason is not None:
            return name, reason
    return None


def before(call: TrainingCall) -> tuple[str, str] | None:
    """(rule, reason) why this call is not to be recorded, before it starts."""
    own = [
        (getattr(each, "__name__", type(each).__name__), each) for each in (*call.flavor.rules, *call.settings.rules)
    ]
    return _first_reason(call, (*BEFORE, *own))


def after(call: TrainingCall) -> tuple[str, str] | None:
    """(rule, reason) why this call is not to be recorded, once it has returned."""
    return _first_reason(call, AFTER)
