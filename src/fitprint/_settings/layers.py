"""Which value of each setting is in force, and where it came from.

The first of these layers that gives a value decides: ``FITPRINT_DISABLED``; the flavor's own ``autolog()``; the general
``autolog()``; ``FITPRINT_<FLAVOR>_<SETTING>``; ``FITPRINT_<SETTING>``; the flavor's default; the default.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, replace
from typing import Any

from fitprint._core import privacy as _privacy
from fitprint._core.guard import warn_once
from fitprint._core.paths import absolute, working_directory
from fitprint._core.process_state import on_reset
from fitprint._settings.env_vars import PREFIX, variable
from fitprint._settings.table import TABLE, Settings, read_value

CHOSEN_BY = {"store": "set_tracking_uri()", "experiment": "set_experiment()"}


@dataclass(frozen=True)
class SourcedValue:
    """The value of a setting, and where it came from: a call, a variable, ``default of <flavor>``, or `default`."""

    value: Any
    source: str


@dataclass(frozen=True)
class Configuration:
    """The arguments of the `autolog()` calls in force, and the environment at the time of the last call; picklable."""

    general: Mapping[str, Any] = field(default_factory=dict)
    general_on: bool = False
    """Whether the general `autolog()` is in force, not only those of single flavors."""
    by_flavor: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """What `set_tracking_uri` and `set_experiment` chose: a layer between the arguments and the environment."""
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = ""
    """The working directory at that time: a later change of it does not move the store."""

    def with_scope(self, flavor: str | None, arguments: Mapping[str, Any]) -> Configuration:
        """Return a configuration in which these arguments replace all earlier ones of the same scope.

        Args:
            flavor: The scope: a flavor, or None for the general `autolog()`.
            arguments: The settings that were given, by name.
        """
        if flavor is None:
            return replace(self.now(), general=dict(arguments), general_on=True)
        return replace(self.now(), by_flavor={**self.by_flavor, flavor: dict(arguments)})

    def now(self) -> Configuration:
        """Return the same configuration in the present environment and working directory."""
        environment = {name: value for name, value in os.environ.items() if name.startswith(PREFIX) and value}
        return replace(self, environment=environment, directory=working_directory())

    def choosing(self, **chosen: Any) -> Configuration:
        """Return a configuration with what `set_tracking_uri` or `set_experiment` chose, over earlier arguments too."""
        general = {name: value for name, value in self.general.items() if name not in chosen}
        base = self if self.directory else self.now()
        return replace(base, general=general, chosen={**self.chosen, **chosen})

    def off(self) -> Configuration:
        """Return the same configuration with no `autolog()` in force; it still knows where the runs are."""
        return replace(self, general_on=False, by_flavor={})

    def settings(
        self,
        flavor: str | None = None,
        defaults: Mapping[str, Any] | None = None,
        own: Mapping[str, Field[Any]] | None = None,
    ) -> Settings:
        """Return the settings that hold for a flavor.

        Args:
            flavor: The flavor, or None for the general settings.
            defaults: The flavor's own defaults.
            own: The settings that only this flavor has.
        """
        values = {name: sourced.value for name, sourced in self.sourced(flavor, defaults, own).items()}
        own_values = {name: values.pop(name) for name in own or ()}
        return Settings(**values, own=own_values)

    def redactor(self) -> _privacy.Redactor:
        """Return what hides secrets in lines of the log, by the patterns of all scopes: any flavor may log a line."""
        general = self.settings()
        own = (pattern for name in self.by_flavor for pattern in self.settings(name).redact)
        return _privacy.redactor_for((*general.redact, *own), general.redact_allow)

    def sourced(
        self,
        flavor: str | None = None,
        defaults: Mapping[str, Any] | None = None,
        own: Mapping[str, Field[Any]] | None = None,
    ) -> dict[str, SourcedValue]:
        """Return the value of each setting with its source; the arguments are those of `settings`."""
        values = {}
        for name, setting in (*TABLE.items(), *(own or {}).items()):
            layers = self._layers(name, setting, flavor, defaults or {})
            # None counts as not given
            present = (layer for layer in layers if layer.value is not None or setting.default is None)
            values[name] = next(present, SourcedValue(setting.default, "default"))
        if self.killed:
            values["disabled"] = SourcedValue(True, variable("disabled"))
        store = values["store"]
        values["store"] = replace(store, value=absolute(store.value, self.directory))
        return values

    @property
    def killed(self) -> bool:
        """Whether ``FITPRINT_DISABLED`` is on, which overrides everything else."""
        return any(sourced.value for sourced in self._from_variable("disabled", TABLE["disabled"], None))

    def _layers(
        self, name: str, setting: Field[Any], flavor: str | None, defaults: Mapping[str, Any]
    ) -> Iterator[SourcedValue]:
        """Yield the values that were given for a setting, the highest layer first, without what cannot be read."""
        arguments = self.by_flavor.get(flavor or "", {})
        if name in arguments:
            yield from _read(setting, name, arguments[name], f"fitprint.{flavor}.autolog()")
        if name in TABLE:
            if name in self.general:
                yield SourcedValue(self.general[name], "fitprint.autolog()")
            if name in self.chosen:
                yield SourcedValue(self.chosen[name], CHOSEN_BY[name])
        if flavor is not None:
            yield from self._from_variable(name, setting, flavor)
        if name in TABLE:
            yield from self._from_variable(name, setting, None)
        if name in defaults:
            yield from _read(setting, name, defaults[name], f"default of {flavor}")

    def _from_variable(self, name: str, setting: Field[Any], flavor: str | None) -> Iterator[SourcedValue]:
        source = variable(name, flavor)
        if source in self.environment and not setting.metadata["argument_only"]:
            yield from _read(setting, name, self.environment[source], source)


def _read(setting: Field[Any], name: str, value: Any, source: str) -> Iterator[SourcedValue]:
    """Yield a value with its source; nothing for a value that cannot be read, which is logged once."""
    argument = source.replace("()", f"({name}=...)") if source.endswith("()") else source
    try:
        yield SourcedValue(read_value(setting, value, argument), source)
    except ValueError as error:
        warn_once(("settings", f"{argument} {name}"), str(error))


_current: Configuration | None = None


@on_reset
def _forget() -> None:
    global _current
    _current = None
    _privacy.use(_privacy.redactor_for((), ()))


def current() -> Configuration:
    """Return the configuration in force; before any `autolog()`, the one that the environment gives."""
    return _current if _current is not None else Configuration().now()


def is_configured() -> bool:
    """Return whether the program itself has turned recording on or off, or chosen a store or an experiment."""
    return _current is not None


def configure(configuration: Configuration) -> Configuration:
    """Put a configuration in force in this process, and return it."""
    global _current
    _current = configuration
    _privacy.use(configuration.redactor())
    return configuration
