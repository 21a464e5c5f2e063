"""Warnings about settings that do not exist: environment variables, and arguments of a flavor's `autolog()`.

The settings of a flavor are known once its plugin is imported, which happens after its framework is. Until then nothing
that may be a setting of the flavor is warned about.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fitprint._core.guard import warn_once
from fitprint._instrumentation.entries import flavor_extras
from fitprint._instrumentation.flavor_state import Instrument
from fitprint._settings.env_vars import unknown_variables
from fitprint._settings.layers import current
from fitprint._settings.table import check_arguments

if TYPE_CHECKING:
    from fitprint.plugin.contract import Flavor


def warn_unknown(instruments: Iterable[Instrument]) -> None:
    """Warn about what is neither a setting of fitprint nor of a flavor: after an `autolog()`.

    Args:
        instruments: The flavors that were turned on.
    """
    flavors = {}
    for instrument in instruments:
        flavor = instrument.entry.loaded
        flavors[instrument.entry.name] = flavor.settings if flavor is not None else None
        if flavor is not None:
            _warn_of_arguments(flavor)
    _warn_of_variables(unknown_variables(current().environment, flavors, flavor_extras()))


def warn_unknown_of_flavor(flavor: Flavor) -> None:
    """Warn about what was set for one flavor and is not a setting of it: once its plugin is imported.

    Args:
        flavor: The flavor.
    """
    _warn_of_arguments(flavor)
    prefix = f"FITPRINT_{flavor.name.upper()}_"
    names = [name for name in current().environment if name.startswith(prefix)]
    _warn_of_variables(unknown_variables(names, {flavor.name: flavor.settings}))


def _warn_of_variables(unknown: dict[str, str]) -> None:
    for name, nearest in sorted(unknown.items()):
        warn_once(("variable", name), f"{name} is not a setting and is ignored; the nearest setting is {nearest}")


def _warn_of_arguments(flavor: Flavor) -> None:
    """Check the arguments that were passed before the plugin was imported, and could not be checked then."""
    for name, value in current().by_flavor.get(flavor.name, {}).items():
        try:
            check_arguments({name: value}, flavor.settings, f"fitprint.{flavor.name}.autolog")
        except TypeError as error:
            warn_once(("argument", f"{flavor.name} {name}"), f"{error}; it is ignored")
        except ValueError:  # logged where the value is read
            continue
