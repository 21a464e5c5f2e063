"""One flavor turned on and off: its import hooks, its version gate, its state."""

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
    from fitprint.plugin.flavor import Flavor


class Instrument:
    """Keeps one flavor's state: off, waiting, on, unsupported or broken, and why."""

    def __init__(self, entry: Entry, make_begin: Callable[[], MakeBegin], is_ours: Callable[[str, type], bool]) -> None:
        self.entry = entry
        self.state = "off"
        self.reason = ""
        self.support: Support | None = None
        self.left: list[str] = []
        """Attributes that could not be put back: others wrapped over them, ours lies beneath and does nothing."""
        self.loaded: Callable[[Flavor], None] | None = None
        """Is told when the plugin has been imported."""
        self._make_begin = make_begin
        self._is_ours = functools.partial(is_ours, entry.name)
        self._hooked = False
        self._patches: FlavorPatches | None = None

    def enable(self) -> None:
        """Patches the framework if it is imported, else waits for its import."""
        if self.entry.problem:
            self.state, self.reason = "broken", self.entry.problem
        elif any(module in sys.modules for module in self.entry.modules):
            self._wake()
        else:
            self.state, self.reason = "waiting", ""
            self._hook()

    def disable(self) -> None:
        """Puts every attribute back as it was."""
        self.left = self._patches.restore() if self._patches is not None else []
        self._patches = None
        self.state, self.reason = "off", f"wrapped over by others: {', '.join(self.left)}" if self.left else ""

    def flavor_if_awake(self) -> Flavor | None:
        """The flavor, imported now where its framework is; None where it is not, or the flavor cannot be used."""
        if self.entry.loaded is not None:
            return self.entry.loaded
        if self.entry.problem or not any(module in sys.modules for module in self.entry.modules):
            return None
        from fitprint._instrumentation.support import check_support

        ok, support = attempt(check_support, self.entry.plugin, self.entry.modules)
        if not ok or support.reason:
            return None
        attempt(self.entry.flavor)  # an error is told when the flavor is turned on
        return self.entry.loaded

    def _hook(self) -> None:
        if not self._hooked:
            self._hooked = True
            for module in self.entry.modules:
                when_imported(module, self._imported)

    def _imported(self, module: Any) -> None:
        """The post-import hook: whatever goes wrong in here, the user's import goes on."""
        if self.state == "waiting":
            self._wake(module.__name__)
        elif self._patches is not None:  # another one of the flavor's has woken it, in the middle of importing this one
            with guarded("turning it on", self.entry.name):
                self._patches.apply(module.__name__)

    def _wake(self, imported: str | None = None) -> None:
        with guarded("turning it on", self.entry.name) as step:
            from fitprint._instrumentation.patches import (
                FlavorPatches,  # with all it needs: not before there is a framework
            )
            from fitprint._instrumentation.support import check_support

            self.support = check_support(self.entry.plugin, self.entry.modules)
            if self.support.reason:
                self.state, self.reason = "unsupported", self.support.reason
                return
            flavor = self.entry.flavor()
            flavor.framework_version = self.support.version
            if self.loaded is not None:
                self.loaded(flavor)
            self._patches = FlavorPatches(flavor, self._make_begin(), self._is_ours)
            self._patches.apply(imported)
            register_housekeeping_threads(flavor.tops())
        self.state, self.reason = ("broken", step.reason) if step.failed else ("on", "")
