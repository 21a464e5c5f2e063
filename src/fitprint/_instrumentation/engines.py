"""The engines that plugins register through entry points, each with its state; no plugin is imported to find them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata
from typing import TYPE_CHECKING, Any

from fitprint._core.guard import guarded
from fitprint._core.process_state import on_reset
from fitprint._instrumentation import registry
from fitprint._instrumentation.entries import IMPORTS
from fitprint._instrumentation.targets import when_imported

if TYPE_CHECKING:
    from fitprint._instrumentation.support import Support
    from fitprint.plugin.engine import Engine

ENGINES = "fitprint.engines"
AUTO = "auto"


class EngineEntry:
    """One registered engine, with its state and the reason for it.

    Args:
        point: Its entry point.
        modules: The modules whose import wakes it.

    Attributes:
        state: ``off``, ``waiting`` (for the import of the engine), ``on``, ``unsupported`` or ``broken``.
        reason: Why, where the state alone does not explain it.
        support: The engine's version and the supported range, once they are known.
    """

    def __init__(self, point: metadata.EntryPoint, modules: tuple[str, ...]) -> None:
        self.name = point.name
        self.modules = modules
        self.state = "off"
        self.reason = ""
        self.support: Support | None = None
        self._point = point
        self._engine: Engine | None = None
        self._woken: Callable[[EngineEntry], None] | None = None
        self._awaited = False

    @property
    def plugin(self) -> metadata.Distribution | None:
        """The distribution of the plugin that registers it."""
        return getattr(self._point, "dist", None)

    def engine(self) -> Engine:
        """Return the engine itself, and import its plugin if need be; raises whatever that import raises.

        Raises:
            TypeError: If the entry point is not an engine, or one of another version of the contract.
        """
        if self._engine is None:
            from fitprint._instrumentation.api_version import check_version  # here, because most programs use no engine
            from fitprint.plugin.engine import Engine

            loaded = self._point.load()
            engine = loaded() if isinstance(loaded, type) else loaded
            if not isinstance(engine, Engine):
                raise TypeError(f"{self._point.value} is not an engine of fitprint")
            plugin = self.plugin
            check_version(engine.api_version, plugin.name if plugin is not None else self._point.value)
            engine.name = self.name
            self._engine = engine
        return self._engine

    def is_imported(self) -> bool:
        """Return whether the engine itself is imported, so that the program may use it."""
        return any(module in sys.modules for module in self.modules)

    def turn_on(self, woken: Callable[[EngineEntry], None]) -> None:
        """Import the plugin if the engine is imported, otherwise once it is.

        Args:
            woken: Called then, if the plugin can be used.
        """
        self._woken = woken
        if self.state in ("off", "broken", "waiting"):
            self.state, self.reason = "waiting", f"for the import of {' or '.join(self.modules)}"
            if self.is_imported():
                self._wake()
            elif not self._awaited:
                self._awaited = True
                for module in self.modules:
                    when_imported(module, self._imported)

    def turn_off(self) -> None:
        """Wait for nothing any more."""
        self.state, self.reason, self._woken = "off", "", None

    def _imported(self, module: Any) -> None:
        """Wake the plugin. A post-import hook: whatever goes wrong here, the user's import succeeds."""
        if self.state == "waiting":
            self._wake()

    def _wake(self) -> None:
        with guarded("turning the engine on", self.name, lost="failed") as step:
            from fitprint._instrumentation.support import check_support

            self.support = check_support(self.plugin, self.modules)
            if self.support.reason:
                self.state, self.reason = "unsupported", self.support.reason
                return
            self.engine()
            self.state, self.reason = "on", ""
            if self._woken is not None:
                self._woken(self)
        if step.failed:
            self.state, self.reason = "broken", step.reason


_entries: dict[str, EngineEntry] | None = None


def known_engines() -> dict[str, EngineEntry]:
    """Return the registered engines by name. They are discovered once per process."""
    global _entries
    with registry.lock:
        if _entries is None:
            points = registry.entry_points()
            wakes: dict[str, list[str]] = {}
            for point in points.select(group=IMPORTS):
                wakes.setdefault(point.value, []).append(point.name)
            _entries = {
                point.name: EngineEntry(point, tuple(sorted(wakes.get(point.value, (point.name,)))))
                for point in points.select(group=ENGINES)
            }
        return _entries


def discovered_engines() -> dict[str, EngineEntry]:
    """Return the engines that have been looked for so far: none, if nothing was turned on yet."""
    return _entries or {}


def is_wanted(name: str, engines: str | tuple[str, ...]) -> bool:
    """Return whether a value of the setting ``engines`` names an engine."""
    return engines == AUTO or name in engines


@on_reset
def _forget() -> None:
    global _entries
    _entries = None
