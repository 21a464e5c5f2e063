"""The registered flavors of this process: their entries, their states, and which flavor a model's class belongs to."""

from __future__ import annotations

import threading
import weakref
from importlib import metadata
from typing import Any

from fitprint._core.locks import fork_safe_lock
from fitprint._instrumentation.entries import Entry, discover
from fitprint._instrumentation.flavor_state import Instrument
from fitprint._instrumentation.targets import bases_of, package_of

lock = fork_safe_lock(threading.RLock)
"""Held while flavors are discovered, and while recording is turned on or off."""
_instruments: dict[str, Instrument] = {}
_entry_points: Any = None
_owners: weakref.WeakKeyDictionary[type, str | None] = weakref.WeakKeyDictionary()


def entries() -> dict[str, Entry]:
    """Return the entries of the registered flavors by name."""
    return {name: instrument.entry for name, instrument in known_flavors().items()}


def known_flavors() -> dict[str, Instrument]:
    """Return the registered flavors with their states. They are discovered once per process, if there are any."""
    global _entry_points
    with lock:
        if not _instruments:
            _entry_points = metadata.entry_points()
            for name, entry in discover(_entry_points).items():
                _instruments[name] = Instrument(entry, _may_patch)
        return _instruments


def discovered() -> dict[str, Instrument]:
    """Return the flavors that have been discovered so far, without looking for any."""
    return _instruments


def entry_points() -> Any:
    """Return what `importlib.metadata.entry_points()` gave when the flavors were discovered: it takes milliseconds."""
    known_flavors()
    return _entry_points


def owner_of(cls: type) -> str | None:
    """Return the flavor that a model's class belongs to, or None if no registered flavor owns it.

    The owner is the flavor of the first class in the method resolution order whose top-level module has a flavor.
    """
    if cls not in _owners:
        by_module = {module: name for name, entry in entries().items() for module in entry.modules}
        top_modules = map(package_of, bases_of(cls))
        _owners[cls] = next((by_module[module] for module in top_modules if module in by_module), None)
    return _owners[cls]


def is_trained_by_another(flavor: str, cls: type) -> bool:
    """Return whether a class belongs to another flavor than this one, which is on and records what it trains."""
    owner = owner_of(cls)
    return owner is not None and owner != flavor and known_flavors()[owner].trains(cls)


def forget() -> None:
    """Forget every flavor, so that the next question discovers them anew. For tests."""
    _instruments.clear()
    _owners.clear()


def _may_patch(flavor: str, cls: type) -> bool:
    """Return whether a flavor that patches a tree of classes may patch this one: not if another flavor owns it."""
    return owner_of(cls) in (flavor, None)
