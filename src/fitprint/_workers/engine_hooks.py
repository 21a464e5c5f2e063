"""Wrapping the methods that send work to engines, while recording is on.

What is done there is imported when the first such method is called, as for the hooks of the module `hooks`.
"""

from __future__ import annotations

import functools
import importlib
import sys
from typing import TYPE_CHECKING, Any

from fitprint._core.guard import guarded
from fitprint._instrumentation.engines import EngineEntry, discovered_engines, known_engines
from fitprint._instrumentation.targets import Place, patch_attribute, when_imported
from fitprint._recorder.state import recorder_state

if TYPE_CHECKING:
    from fitprint.plugin.engine import Engine

_places: list[Place] = []
_awaited: set[tuple[str, str, str]] = set()
"""The methods whose module is waited for."""


def install() -> None:
    """Surround the methods of each engine that is imported, and of the others once they are."""
    for entry in known_engines().values():
        with guarded("turning the engine on", entry.name, lost="failed"):
            entry.turn_on(_woken)


def remove() -> None:
    """Restore every method."""
    for place in _places:
        place.restore()
    _places.clear()
    for entry in discovered_engines().values():
        entry.turn_off()


def sends_through_engine(backend: str) -> bool:
    """Return whether the tasks of one of joblib's backends leave through methods that are surrounded here."""
    return any(entry.state == "on" and backend in entry.engine().backends for entry in known_engines().values())


def _woken(entry: EngineEntry) -> None:
    engine = entry.engine()
    for sending in engine.sendings():
        patch = functools.partial(_patch, engine, sending.target)
        awaited = (engine.name, sending.module, sending.target)
        if awaited not in _awaited:
            _awaited.add(awaited)
            when_imported(sending.module, patch)
        elif (imported := sys.modules.get(sending.module)) is not None:
            patch(imported)


def _patch(engine: Engine, target: str, module: Any) -> None:
    """Surround one method. This is a post-import hook: whatever goes wrong here, the user's import succeeds."""
    with guarded("noticing what is sent", engine.name, lost="failed"):
        if not recorder_state.on:
            return
        *path, name = target.split(".")
        place = patch_attribute(functools.reduce(getattr, path, module), name, functools.partial(_begin, engine))
        if place is not None:
            _places.append(place)


def _begin(engine: Engine, function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    surrounding = None
    with guarded("work for an engine", engine.name, lost="is sent as it is, so its workers do not record it"):
        if recorder_state.on:
            engines = importlib.import_module("fitprint._workers.engines")
            sender = args if instance is None else instance
            surrounding = engines.around_sending(engine, sender, args, kwargs)
    return surrounding
