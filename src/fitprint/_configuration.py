"""Which value of each setting is in force, and where it came from.

Highest first: ``FITPRINT_DISABLED``; the flavor's own ``autolog()``; the general ``autolog()``;
``FITPRINT_<FLAVOR>_<SETTING>``; ``FITPRINT_<SETTING>``; the flavor's default; the default.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fitprint import _privacy
from fitprint._guard import tell_once
from fitprint._locations import absolute
from fitprint._settings import TABLE, Settings, read_value

PREFIX = "FITPRINT_"


@dataclass(frozen=True)
class Configuration:
    """The arguments of the `autolog()` calls in force, and the environment as it was then; picklable."""

    general: Mapping[str, Any] = field(default_factory=dict)
    general_on: bool = False
    """Whether the general `autolog()` is in force, and not only that of single flavors."""
    by_flavor: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """What `set_tracking_uri` and `set_experiment` chose: below the arguments, above the environment."""
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = ""
    """The working directory of that moment: a later change of it does not move the store."""

    def with_scope(self, flavor: str | None, arguments: Mapping[str, Any]) -> Configuration:
        """These arguments in place of all earlier ones of the same scope (None: the general one)."""
        if flavor is None:
            return replace(self.now(), general=dict(arguments), general_on=True)
        return replace(self.now(), by_flavor={**self.by_flavor, flavor: dict(arguments)})

    def now(self) -> Configuration:
        """The same in the environment and the working directory of now."""
        environment = {name: value for name, value in os.environ.items() if name.startswith(PREFIX) and value}
        return replace(self, environment=environment, directory=os.getcwd())

    def choosing(self, **chosen: Any) -> Configuration:
        """The same with a setting chosen by `set_tracking_uri` or `set_experiment`: over earlier arguments too."""
        general = {name: value for name, value in self.general.items() if name not in chosen}
        base = self if self.directory else self.now()
        return replace(base, general=general, chosen={**self.chosen, **chosen})

    def off(self) -> Configuration:
        """The same with no `autolog()` in force; where runs lie stays known."""
        return replace(self, general_on=False, by_flavor={})

    def settings(self, flavor: str | None = None, defaults: Mapping[str, Any] | None = None) -> Settings:
        """What holds for a flavor (None: in general), given the flavor's own defaults."""
        found: dict[str, Any] = {}
        for name in TABLE:
            for layer in self._layers(flavor, defaults or {}):
                given, value = layer(name)
                if given and (value is not None or TABLE[name].default is None):  # None: as if not given
                    found[name] = value
                    break
        killed, value = self._from_environment("DISABLED", "disabled")
        if killed and value:
            found["disabled"] = True
        settings = Settings(**found)
        return replace(settings, store=absolute(settings.store, self.directory))

    def redactor(self) -> _privacy.Redactor:
        """What hides secrets in lines: by the patterns of all scopes, for a line may be of any flavor."""
        general = self.settings()
        own = (each for name in self.by_flavor for each in self.settings(name).redact)
        return _privacy.redactor_for((*general.redact, *own), general.redact_allow)

    def _layers(self, flavor: str | None, defaults: Mapping[str, Any]) -> list[Callable[[str], tuple[bool, Any]]]:
        own = self.by_flavor.get(flavor or "", {})
        layers = [
            lambda name: (name in own, own.get(name)),
            lambda name: (name in self.general, self.general.get(name)),
            lambda name: (name in self.chosen, self.chosen.get(name)),
            lambda name: self._from_environment(name.upper(), name),
            lambda name: (name in defaults, defaults.get(name)),
        ]
        if flavor is not None:
            prefix = flavor.upper().replace("-", "_")
            layers.insert(3, lambda name: self._from_environment(f"{prefix}_{name.upper()}", name))
        return layers

    def _from_environment(self, variable: str, name: str) -> tuple[bool, Any]:
        variable = PREFIX + variable
        if variable not in self.environment or TABLE[name].metadata["argument_only"]:
            return False, None
        try:
            return True, read_value(name, self.environment[variable], variable)
        except ValueError as error:
            tell_once(("settings", variable), str(error))
            return False, None


_current: Configuration | None = None


def current() -> Configuration:
    """The configuration in force; before any `autolog()`, that of the environment."""
    return _current if _current is not None else Configuration().now()


def is_configured() -> bool:
    """Whether the program has said anything of its own: turned recording on or off, or chosen a store."""
    return _current is not None


def configure(configuration: Configuration) -> Configuration:
    """Puts a configuration in force, for this process."""
    global _current
    _current = configuration
    _privacy.use(configuration.redactor())
    return configuration
