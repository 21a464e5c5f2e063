"""Which value of each setting is in force, and where it came from.

Highest first: ``FITPRINT_DISABLED``; the flavor's own ``autolog()``; the general ``autolog()``;
``FITPRINT_<FLAVOR>_<SETTING>``; ``FITPRINT_<SETTING>``; the flavor's default; the default.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, replace
from typing import Any

from fitprint._core import privacy as _privacy
from fitprint._core.guard import warn_once
from fitprint._core.paths import absolute
from fitprint._core.process_state import on_reset
from fitprint._settings.env_vars import PREFIX, variable
from fitprint._settings.table import TABLE, Settings, read_value

CHOSEN_BY = {"store": "set_tracking_uri()", "experiment": "set_experiment()"}


@dataclass(frozen=True)
class Found:
    """The value of a setting, and where it came from: a call, a variable's name, ``default of xgboost``, `default`."""

    value: Any
    source: str


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

    def settings(
        self,
        flavor: str | None = None,
        defaults: Mapping[str, Any] | None = None,
        own: Mapping[str, Field[Any]] | None = None,
    ) -> Settings:
        """What holds for a flavor (None: in general), given the flavor's own defaults and settings of its own."""
        values = {name: each.value for name, each in self.found(flavor, defaults, own).items()}
        of_its_own = {name: values.pop(name) for name in own or ()}
        return Settings(**values, own=of_its_own)

    def redactor(self) -> _privacy.Redactor:
        """What hides secrets in lines: by the patterns of all scopes, for a line may be of any flavor."""
        general = self.settings()
        own = (each for name in self.by_flavor for each in self.settings(name).redact)
        return _privacy.redactor_for((*general.redact, *own), general.redact_allow)

    def found(
        self,
        flavor: str | None = None,
        defaults: Mapping[str, Any] | None = None,
        own: Mapping[str, Field[Any]] | None = None,
    ) -> dict[str, Found]:
        """Each setting's value with where it came from."""
        found = {}
        for name, each in (*TABLE.items(), *(own or {}).items()):
            given = self._given(name, each, flavor, defaults or {})
            # None: as if not given
            wanted = (one for one in given if one.value is not None or each.default is None)
            found[name] = next(wanted, Found(each.default, "default"))
        if self.killed:
            found["disabled"] = Found(True, variable("disabled"))
        store = found["store"]
        found["store"] = replace(store, value=absolute(store.value, self.directory))
        return found

    @property
    def killed(self) -> bool:
        """Whether ``FITPRINT_DISABLED`` is on: nothing is above that."""
        return any(each.value for each in self._from_variable("disabled", TABLE["disabled"], None))

    def _given(self, name: str, each: Field[Any], flavor: str | None, defaults: Mapping[str, Any]) -> Iterator[Found]:
        """What was given for a setting, the highest first, without what cannot be read."""
        arguments = self.by_flavor.get(flavor or "", {})
        if name in arguments:
            yield from _read(each, name, arguments[name], f"fitprint.{flavor}.autolog()")
        if name in TABLE:
            if name in self.general:
                yield Found(self.general[name], "fitprint.autolog()")
            if name in self.chosen:
                yield Found(self.chosen[name], CHOSEN_BY[name])
        if flavor is not None:
            yield from self._from_variable(name, each, flavor)
        if name in TABLE:
            yield from self._from_variable(name, each, None)
        if name in defaults:
            yield from _read(each, name, defaults[name], f"default of {flavor}")

    def _from_variable(self, name: str, each: Field[Any], flavor: str | None) -> Iterator[Found]:
        source = variable(name, flavor)
        if source in self.environment and not each.metadata["argument_only"]:
            yield from _read(each, name, self.environment[source], source)


def _read(each: Field[Any], name: str, value: Any, source: str) -> Iterator[Found]:
    """A value with its source; nothing for one that cannot be read, which is told once."""
    shown = source.replace("()", f"({name}=...)") if source.endswith("()") else source
    try:
        yield Found(read_value(each, value, shown), source)
    except ValueError as error:
        warn_once(("settings", f"{shown} {name}"), str(error))


_current: Configuration | None = None


@on_reset
def _forget() -> None:
    global _current
    _current = None
    _privacy.use(_privacy.redactor_for((), ()))


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
