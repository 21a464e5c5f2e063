"""The names of settings in the environment, and what is said of a name that is none."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from fitprint._settings.table import MLFLOW_NAMES, TABLE, slip_of

PREFIX = "FITPRINT_"

_OF_KUBERNETES = re.compile(r"(_SERVICE_HOST|_SERVICE_PORT.*|_PORT|_PORT_\d+_(TCP|UDP).*)\Z")
"""What Kubernetes gives every container for each service beside it; a service may be called `fitprint-store`."""


def variable(setting: str, flavor: str | None = None) -> str:
    """The variable of a setting: ``FITPRINT_STORE``; for one flavor alone ``FITPRINT_<FLAVOR>_STORE``."""
    return "_".join(filter(None, (PREFIX[:-1], flavor and flavor.upper(), setting.upper())))


def is_injected(name: str) -> bool:
    """Whether a variable is one that Kubernetes sets for a service."""
    return _OF_KUBERNETES.search(name) is not None


def check_own_names(names: Iterable[str]) -> None:
    """Checks what a plugin calls settings of its own. Raises ValueError for a name that would not be told apart."""
    for name in names:
        if name in ("port", "host") or is_injected(f"_{name.upper()}"):
            raise ValueError(f"no setting is called {name!r}: Kubernetes sets variables of such names")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ValueError(f"{name!r} cannot be a setting's name: lower-case letters, digits and _ are")
        if name in MLFLOW_NAMES or slip_of(name):
            raise ValueError(f"{name!r} cannot be told from fitprint's own setting {slip_of(name) or name!r}")


def unknown_variables(
    names: Iterable[str], flavors: Mapping[str, Collection[str] | None], absent: Collection[str] = ()
) -> dict[str, str]:
    """Of the ``FITPRINT_*`` variables of these names those that are no setting, each with the nearest that is one.

    ``flavors``: the registered ones with the names of their own settings, None where they are not known yet.
    ``absent``: flavors known by name whose plugin is not installed; nothing of theirs is unknown.
    """
    found = {}
    for name in names:
        rest = name.removeprefix(PREFIX).lower()
        if rest in TABLE and not TABLE[rest].metadata["argument_only"]:
            continue
        if is_injected(name) or _is_some_flavor_s(rest, flavors, absent):
            continue
        found[name] = _nearest(name, flavors)
    return found


def _is_some_flavor_s(rest: str, flavors: Mapping[str, Collection[str] | None], absent: Collection[str]) -> bool:
    if any(rest.startswith(f"{each.lower()}_") for each in absent if each not in flavors):
        return True
    registered = False
    for flavor, own in flavors.items():
        if rest.startswith(prefix := f"{flavor.lower()}_"):
            registered = True
            setting = rest.removeprefix(prefix)
            if own is None or setting in own or setting in TABLE:
                return True
    return not registered and _is_of_an_unknown_flavor(rest)


def _is_of_an_unknown_flavor(rest: str) -> bool:
    """`pytorch_max_model_size`: a word and a setting, unless it is a slip for another setting (`exclud_flavors`)."""
    settings = [each for each in TABLE if rest.endswith(f"_{each}")]
    return bool(settings) and slip_of(rest) in (None, *settings)


def _nearest(name: str, flavors: Mapping[str, Collection[str] | None]) -> str:
    import difflib

    rest = name.removeprefix(PREFIX).lower()
    if rest in MLFLOW_NAMES:
        return variable(MLFLOW_NAMES[rest])
    general = [each for each in TABLE if not TABLE[each].metadata["argument_only"]]
    known = [variable(each) for each in general]
    known += [variable(each, flavor) for flavor, own in flavors.items() for each in (*general, *(own or ()))]
    return difflib.get_close_matches(name, known, 1, 0.0)[0]
