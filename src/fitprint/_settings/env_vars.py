"""The environment variables of the settings, and which ``FITPRINT_*`` variables are not a setting."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping

from fitprint._settings.table import MLFLOW_NAMES, TABLE, slip_of

PREFIX = "FITPRINT_"

_OF_KUBERNETES = re.compile(r"(_SERVICE_HOST|_SERVICE_PORT.*|_PORT|_PORT_\d+_(TCP|UDP).*)\Z")
"""The variables that Kubernetes sets in every container for each service; one may be called `fitprint-store`."""

_OF_THE_KIT = frozenset(f"{PREFIX}{name}" for name in ("KIT", "MLFLOW2_PYTHON", "MLFLOW3_PYTHON", "OLDEST_PYTHON"))
"""The variables that the conformance kit reads."""


_OF_SERVING = f"{PREFIX}SERVE_"
"""How the variables begin that are options of `fitprint serve`."""


@functools.lru_cache(maxsize=4096)
def variable(setting: str, flavor: str | None = None) -> str:
    """Return the variable of a setting: ``FITPRINT_STORE``, or for one flavor ``FITPRINT_<FLAVOR>_STORE``."""
    return "_".join(filter(None, (PREFIX[:-1], flavor and flavor.upper(), setting.upper())))


def is_injected(name: str) -> bool:
    """Return whether a variable has a name that Kubernetes gives to the variables of a service."""
    return _OF_KUBERNETES.search(name) is not None


def check_own_names(names: Iterable[str]) -> None:
    """Check the names of the settings that a plugin declares.

    Raises:
        ValueError: A name could be confused with another setting or variable, or cannot be a variable.
    """
    for name in names:
        if name in ("port", "host") or is_injected(f"_{name.upper()}"):
            raise ValueError(f"a setting cannot be called {name!r}: Kubernetes sets variables of such names")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ValueError(f"a setting cannot be called {name!r}: use lower-case letters, digits and _")
        if name in MLFLOW_NAMES or slip_of(name):
            similar = slip_of(name) or name
            raise ValueError(
                f"a setting cannot be called {name!r}: it is too similar to fitprint's setting {similar!r}"
            )


def unknown_variables(
    names: Iterable[str], flavors: Mapping[str, Collection[str] | None], absent: Collection[str] = ()
) -> dict[str, str]:
    """Return the ``FITPRINT_*`` variables that are not a setting, each with the nearest variable that is one.

    Args:
        names: The names of the variables to look at.
        flavors: The registered flavors with the names of the settings that only they have; None while the plugin is
            not imported and these names are not known.
        absent: Flavors that are known by name and whose plugin is not installed: no variable of theirs is unknown.

    Returns:
        From each unknown variable to the nearest known one.
    """
    unknown = {}
    for name in names:
        rest = name.removeprefix(PREFIX).lower()
        if rest in TABLE and not TABLE[rest].metadata["argument_only"]:
            continue
        if (
            name in _OF_THE_KIT
            or name.startswith(_OF_SERVING)
            or is_injected(name)
            or _belongs_to_a_flavor(rest, flavors, absent)
        ):
            continue
        unknown[name] = _nearest(name, flavors)
    return unknown


def _belongs_to_a_flavor(rest: str, flavors: Mapping[str, Collection[str] | None], absent: Collection[str]) -> bool:
    if any(rest.startswith(f"{flavor.lower()}_") for flavor in absent if flavor not in flavors):
        return True
    registered = False
    for flavor, own in flavors.items():
        if rest.startswith(prefix := f"{flavor.lower()}_"):
            registered = True
            setting = rest.removeprefix(prefix)
            if own is None or setting in own or setting in TABLE:
                return True
    return not registered and _belongs_to_an_unknown_flavor(rest)


def _belongs_to_an_unknown_flavor(rest: str) -> bool:
    """Return whether a name is a word and a setting (`pytorch_max_model_size`), and not a misspelling of a setting."""
    settings = [setting for setting in TABLE if rest.endswith(f"_{setting}")]
    return bool(settings) and slip_of(rest) in (None, *settings)


def _nearest(name: str, flavors: Mapping[str, Collection[str] | None]) -> str:
    import difflib

    rest = name.removeprefix(PREFIX).lower()
    if rest in MLFLOW_NAMES:
        return variable(MLFLOW_NAMES[rest])
    general = [setting for setting in TABLE if not TABLE[setting].metadata["argument_only"]]
    known = [variable(setting) for setting in general]
    known += [variable(setting, flavor) for flavor, own in flavors.items() for setting in (*general, *(own or ()))]
    return difflib.get_close_matches(name, known, 1, 0.0)[0]
