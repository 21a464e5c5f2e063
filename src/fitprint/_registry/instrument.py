"""One flavor turned on and off: its import hooks, its version gate, its patches."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any

import wrapt

from fitprint._flavor import Flavor, Patch
from fitprint._guard import guarded
from fitprint._patching.classes import ClassTree, Creation
from fitprint._patching.places import Place, loaded_modules, patch_attribute, rebind
from fitprint._patching.wrapper import Begin, Patched
from fitprint._registry.entries import Entry
from fitprint._registry.support import Support, check_support

MakeBegin = Callable[[Flavor, Patch], Begin]
_creation = Creation()


class Instrument:
    """Keeps one flavor's patches. States: off, waiting, on, unsupported, broken."""

    def __init__(self, entry: Entry, make_begin: MakeBegin, is_ours: Callable[[str, type], bool]) -> None:
        self.entry = entry
        self.state = "off"
        self.reason = ""
        self.support: Support | None = None
        self.left: list[str] = []
        """Attributes that could not be put back: others wrapped over them, ours lies beneath and does nothing."""
        self._make_begin = make_begin
        self._is_ours = functools.partial(is_ours, entry.name)
        self._wanted = False
        self._hooked: set[str] = set()
        self._places: list[Place] = []
        self._trees: dict[tuple[str, str], ClassTree] = {}
        self._waiting: dict[str, list[Patch]] = {}

    def enable(self) -> None:
        """Patches the framework if it is imported, else waits for its import."""
        if self.entry.problem:
            self.state, self.reason = "broken", self.entry.problem
            return
        self._wanted = True
        if any(module in sys.modules for module in self.entry.modules):
            self._wake()
            return
        self.state, self.reason = "waiting", ""
        for module in self.entry.modules:
            self._when_imported(module, self._imported)

    def disable(self) -> None:
        """Puts every attribute back as it was."""
        self._wanted = False
        self.left = [f"{_name(place.owner)}.{place.name}" for place in self._places if not place.restore()]
        for tree in self._trees.values():
            self.left += _creation.forget(tree)
        self._places.clear()
        self._trees.clear()
        self._waiting.clear()
        self.state, self.reason = (
            "off",
            f"wrapped over by others: {', '.join(self.left)}" if self.left else "",
        )

    def _when_imported(self, module: str, then: Callable[[Any], None]) -> None:
        if module not in self._hooked:
            self._hooked.add(module)
            wrapt.register_post_import_hook(then, module)

    def _imported(self, module: Any) -> None:
        """The post-import hook: whatever goes wrong in here, the user's import goes on."""
        if self._wanted and self.state == "waiting":
            self._wake()

    def _wake(self) -> None:
        with guarded("turning it on", self.entry.name) as step:
            self.support = check_support(self.entry.plugin, self.entry.modules)
            if self.support.reason:
                self.state, self.reason = "unsupported", self.support.reason
                return
            flavor = self.entry.flavor()
            flavor.framework_version = self.support.version
            for patch in flavor.patches():
                self._arrange(flavor, patch)
            self._rebind_everywhere()
        self.state, self.reason = ("broken", step.reason) if step.failed else ("on", "")

    def _arrange(self, flavor: Flavor, patch: Patch) -> None:
        if patch.module in sys.modules:
            self._apply(flavor, patch)
            return
        self._waiting.setdefault(patch.module, []).append(patch)
        self._when_imported(patch.module, functools.partial(self._apply_waiting, flavor))

    def _apply_waiting(self, flavor: Flavor, module: Any) -> None:
        with guarded("turning it on", self.entry.name):
            for patch in self._waiting.pop(module.__name__, ()):
                self._apply(flavor, patch)

    def _apply(self, flavor: Flavor, patch: Patch) -> None:
        owner: Any = importlib.import_module(patch.module)
        *path, name = patch.target.split(".")
        for part in path:
            owner = getattr(owner, part)
        begin = self._make_begin(flavor, patch)
        if patch.subclasses:
            key = (patch.module, patch.target)
            if key not in self._trees:
                self._trees[key] = ClassTree(owner, (name,), begin, self._is_ours)
                _creation.watch(self._trees[key])
            return
        place = patch_attribute(owner, name, begin)
        if place is not None:
            self._places.append(place)

    def _rebind_everywhere(self) -> None:
        """Names bound to a function before it was patched: `from xgboost import train` at the top of a script."""
        patches: dict[int, Patched] = {
            id(place.patched.__wrapped__): place.patched for place in self._places if not isinstance(place.owner, type)
        }
        if patches:
            self._places += rebind(patches, loaded_modules())


def patch_new_classes() -> None:
    """Patches classes that got their methods after they were made, as unpickled ones do in a worker."""
    _creation.patch_all()


def _name(owner: Any) -> str:
    return f"{owner.__module__}.{owner.__qualname__}" if isinstance(owner, type) else str(owner.__name__)
