"""The state of one flavor: turned on once its framework is imported in a supported version, and off again."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fitprint._core.guard import attempt, guarded
from fitprint._core.isolation import register_housekeeping_threads
from fitprint._instrumentation.entries import Entry
from fitprint._instrumentation.targets import when_imported

if TYPE_CHECKING:
    from fitprint._instrumentation.patches import FlavorPatches, MakeBegin
    from fitprint._instrumentation.support import Support
    from fitprint.plugin.contract import Flavor


class Instrument:
    """One registered flavor, with its state and the reason for it.

    Args:
        entry: The registration of the flavor.
        is_ours: Whether a class is to be patched by the flavor of a name.

    Attributes:
        state: ``off``, ``waiting`` (for the framework's import), ``on``, ``unsupported`` or ``broken``.
        reason: Why, where the state alone does not explain it.
        support: The framework's version and the supported range, once they are known.
        left: The attributes that could not be restored, because others wrapped the patches, which do nothing any more.
        loaded: Called with the flavor when its plugin has been imported.
    """

    def __init__(self, entry: Entry, is_ours: Callable[[str, type], bool]) -> None:
        self.entry = entry
        self.state = "off"
        self.reason = ""
        self.support: Support | None = None
        self.left: list[str] = []
        self.loaded: Callable[[Flavor], None] | None = None
        self._make_begin: Callable[[], MakeBegin] | None = None
        self._is_ours = functools.partial(is_ours, entry.name)
        self._awaited = False
        self._patches: FlavorPatches | None = None
        self._enabled: Flavor | None = None

    def enable(self, make_begin: Callable[[], MakeBegin]) -> None:
        """Patch the framework if it is imported, otherwise wait for its import.

        Args:
            make_begin: Called when the framework is patched, not before: it imports the recorder, and returns the
                function that makes the beginning of a recorded call.
        """
        self.disable()  # what a flavor that broke had patched before
        self._make_begin = make_begin
        if self.entry.problem:
            self.state, self.reason = "broken", self.entry.problem
        elif any(module in sys.modules for module in self.entry.modules):
            self._wake()
        else:
            self.state, self.reason = "waiting", f"for the import of {' or '.join(self.entry.modules)}"
            self._await_import()

    def disable(self) -> None:
        """Call the flavor's `disable` if its `enable` was called, and restore every attribute."""
        enabled, self._enabled = self._enabled, None
        if enabled is not None:
            with guarded("disable()", self.entry.name, lost="failed"):
                enabled.disable()
        self.left = self._patches.restore() if self._patches is not None else []
        self._patches = None
        names = ", ".join(self.left)
        self.state = "off"
        self.reason = f"other code has wrapped these again, so they were not restored: {names}" if names else ""

    def out_of_reach(self) -> list[str]:
        """Say which classes that exist now inherit a method that could not be patched, in sentences."""
        return self._patches.out_of_reach() if self._patches is not None else []

    def trains(self, cls: type) -> bool:
        """Return whether the flavor is on and has an entry point that trains in a class, or in a base of it."""
        return self.state == "on" and self._patches is not None and self._patches.trains(cls)

    def flavor_if_awake(self) -> Flavor | None:
        """Return the flavor, and import its plugin if need be.

        Returns:
            The flavor; None if its framework is not imported, or the flavor cannot be used.
        """
        if self.entry.loaded is not None:
            return self.entry.loaded
        if self.entry.problem or not any(module in sys.modules for module in self.entry.modules):
            return None
        from fitprint._instrumentation.support import check_support

        ok, support = attempt(check_support, self.entry.plugin, self.entry.modules)
        if not ok or support.reason:
            return None
        attempt(self.entry.flavor)  # an error is logged when the flavor is turned on
        return self.entry.loaded

    def load_with_framework(self) -> None:
        """Import the plugin now if its framework is imported, or else when it is, with nothing patched.

        A plugin may tell its framework of names at its import, such as one for ``report_to`` of transformers.
        """
        for module in self.entry.modules:
            when_imported(module, self._load)

    def _load(self, module: Any) -> None:
        self.flavor_if_awake()

    def supported_flavor(self) -> Flavor:
        """Return the flavor, with nothing patched; import its plugin and the framework if need be.

        Raises:
            RuntimeError: The flavor cannot be used here, or the installed version of the framework is not supported.
        """
        from fitprint._instrumentation.support import check_support

        if self.entry.problem:
            raise RuntimeError(f"the flavor {self.entry.name} cannot be used: {self.entry.problem}")
        flavor = self.entry.flavor()
        self.support = check_support(self.entry.plugin, self.entry.modules)
        if self.support.reason:
            raise RuntimeError(f"the flavor {self.entry.name} cannot be used: {self.support.reason}")
        flavor.framework_version = self.support.version
        return flavor

    def _await_import(self) -> None:
        if not self._awaited:
            self._awaited = True
            for module in self.entry.modules:
                when_imported(module, self._imported)

    def _imported(self, module: Any) -> None:
        """Turn the flavor on. A post-import hook: whatever goes wrong here, the user's import succeeds."""
        if self.state == "waiting":
            self._wake(module.__name__)
        elif self._patches is not None:  # another module of the framework turned it on while it imported this one
            with guarded("turning the flavor on", self.entry.name, lost="failed"):
                self._patches.apply(module.__name__)

    def _wake(self, imported: str | None = None) -> None:
        assert self._make_begin is not None  # only `enable` leads here
        with guarded("turning the flavor on", self.entry.name, lost="failed") as step:
            # imported here, with all that it needs, because many programs never import a framework
            from fitprint._instrumentation.api_version import warn_deprecated
            from fitprint._instrumentation.patches import FlavorPatches
            from fitprint._instrumentation.support import check_support

            self.support = check_support(self.entry.plugin, self.entry.modules)
            if self.support.reason:
                self.state, self.reason = "unsupported", self.support.reason
                return
            flavor = self.entry.flavor()
            flavor.framework_version = self.support.version
            if self.loaded is not None:
                self.loaded(flavor)
                warn_deprecated(flavor, self.entry.plugin_name)
            self._patches = FlavorPatches(flavor, self._make_begin(), self._is_ours)
            self._patches.apply(imported)
            register_housekeeping_threads(flavor.tops())
        self.state, self.reason = ("broken", step.reason) if step.failed else ("on", "")
        if not step.failed:
            self._enable_flavor(flavor)

    def _enable_flavor(self, flavor: Flavor) -> None:
        with guarded("enable()", self.entry.name, lost="failed") as step:
            flavor.enable()
        if step.failed:
            self.reason = f"its enable() failed: {step.reason}"
        else:
            self._enabled = flavor
