"""What was given and is nobody's setting, told in a line each: variables, and arguments of a flavor's `autolog()`.

What a flavor calls its own settings is known once its plugin is imported, and that is not before its framework is:
until then nothing that may be such a setting is unknown.
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
    from fitprint.plugin.flavor import Flavor


def tell_unknown(instruments: Iterable[Instrument]) -> None:
    """After an `autolog()`: the variables that are no setting of fitprint, or of a flavor that is imported."""
    flavors = {}
    for instrument in instruments:
        flavor = instrument.entry.loaded
        flavors[instrument.entry.name] = flavor.settings if flavor is not None else None
        if flavor is not None:
            _tell_arguments(flavor)
    _tell_variables(unknown_variables(current().environment, flavors, flavor_extras()))


def tell_unknown_own(flavor: Flavor) -> None:
    """Once a plugin is imported: what was given for this flavor, and is no setting."""
    _tell_arguments(flavor)
    prefix = f"FITPRINT_{flavor.name.upper()}_"
    names = [name for name in current().environment if name.startswith(prefix)]
    _tell_variables(unknown_variables(names, {flavor.name: flavor.settings}))


def _tell_variables(unknown: dict[str, str]) -> None:
    for name, nearest in sorted(unknown.items()):
        warn_once(("variable", name), f"{name} is no setting, and is ignored; the nearest that is one: {nearest}")


def _tell_arguments(flavor: Flavor) -> None:
    """Those that were given before the plugin was imported, and could not be looked at then."""
    for name, value in current().by_flavor.get(flavor.name, {}).items():
        try:
            check_arguments({name: value}, flavor.settings, f"fitprint.{flavor.name}.autolog")
        except TypeError as error:
            warn_once(("argument", f"{flavor.name} {name}"), f"{error}; it is ignored")
        except ValueError:  # told where the value is read
            continue
