"""What of a configuration travels to another process: the user's own objects in it as far as they can be pickled.

Rules and the values of a plugin's own settings are anybody's objects. A task must not fail because one of them cannot
be pickled, or not be unpickled where it arrives: each is pickled by itself, and left behind where that fails.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fitprint._core.guard import guarded
from fitprint._recorder.rules import name_of
from fitprint._settings.layers import Configuration
from fitprint._settings.table import TABLE

MOST_BYTES = 1_000_000
"""Of one object: it goes with every task."""

Pickled = tuple[str | None, str, str, bytes]
"""(flavor, or None for the general `autolog()`; setting; what it is called in lines; the pickle)."""
Packed = tuple[Configuration, tuple[Pickled, ...]]
"""fitprint's own values of a configuration, and pickles of the user's objects in it."""

_latest: tuple[Configuration, Packed] | None = None


def packed(configuration: Configuration) -> Packed:
    """A configuration in two parts that can be pickled: fitprint's own values, and pickles of the user's objects."""
    global _latest
    if _latest is None or _latest[0] is not configuration:
        _latest = configuration, _packed(configuration)
    return _latest[1]


def unpacked(plain: Configuration, pickles: tuple[Pickled, ...]) -> Configuration:
    """The configuration in a worker. The same pickle gives the same object, so that two of the same are equal."""
    general, by_flavor = dict(plain.general), {name: dict(each) for name, each in plain.by_flavor.items()}
    for flavor, setting, called, pickled in pickles:
        arguments = general if flavor is None else by_flavor[flavor]
        with guarded(called, flavor or "", lost="did not arrive in a worker and is not in force there"):
            value = _loaded(pickled)
            arguments[setting] = (*arguments.get(setting, ()), value) if setting == "rules" else value
    return replace(plain, general=general, by_flavor=by_flavor)


def _packed(configuration: Configuration) -> Packed:
    scopes: list[tuple[str | None, Mapping[str, Any]]] = [(None, configuration.general)]
    scopes += configuration.by_flavor.items()
    pickles = [each for flavor, arguments in scopes for each in _pickles(flavor, arguments)]
    plain = replace(
        configuration,
        general=_fitprint_s_own(configuration.general),
        by_flavor={name: _fitprint_s_own(each) for name, each in configuration.by_flavor.items()},
    )
    return plain, tuple(pickles)


def _fitprint_s_own(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name in TABLE and name != "rules"}


def _pickles(flavor: str | None, arguments: Mapping[str, Any]) -> list[Pickled]:
    objects = [("rules", f"rule {name_of(each)}", each) for each in arguments.get("rules") or ()]
    objects += [(name, f"setting {name}", value) for name, value in arguments.items() if name not in TABLE]
    found = []
    for setting, called, value in objects:
        with guarded(called, flavor or "", lost="cannot be handed to workers and is not in force there"):
            found.append((flavor, setting, called, _dumped(value)))
    return found


def _dumped(value: Any) -> bytes:
    import cloudpickle

    file = _Bounded()
    cloudpickle.CloudPickler(file).dump(value)
    return file.getvalue()


class _Bounded(io.BytesIO):
    """A file in memory that takes no more than `MOST_BYTES`."""

    def write(self, data: Any) -> int:
        if self.tell() + memoryview(data).nbytes > MOST_BYTES:
            raise ValueError(f"its pickle is larger than {MOST_BYTES:,} bytes")
        return super().write(data)


@functools.lru_cache(maxsize=64)
def _loaded(pickled: bytes) -> Any:
    import pickle

    return pickle.loads(pickled)
