"""The part of a configuration that is sent to other processes: fitprint's values, and user objects that can be pickled.

Rules and the values of a plugin's settings can be any object. A task must not fail because one of them cannot be
pickled, or cannot be unpickled in the worker: each is pickled by itself, and is left out where that fails.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fitprint._core.guard import guarded
from fitprint._recorder.rules import rule_name
from fitprint._settings.layers import Configuration
from fitprint._settings.table import TABLE

MOST_BYTES = 1_000_000
"""The largest pickle of one object, because it travels with every task."""

Pickled = tuple[str | None, str, str, bytes]
"""(flavor, or None for the general `autolog()`; setting; its name in warnings; the pickle)."""
Packed = tuple[Configuration, tuple[Pickled, ...]]
"""A configuration with fitprint's own values alone, and the pickles of the user's objects."""

_latest: tuple[Configuration, Packed] | None = None


def packed(configuration: Configuration) -> Packed:
    """Split a configuration into two parts that can both be pickled.

    Args:
        configuration: The configuration in force.

    Returns:
        The configuration with fitprint's own values alone, and pickles of the user's objects.
    """
    global _latest
    if _latest is None or _latest[0] is not configuration:
        _latest = configuration, _packed(configuration)
    return _latest[1]


def unpacked(plain: Configuration, pickles: tuple[Pickled, ...]) -> Configuration:
    """Put a configuration together again in a worker.

    Args:
        plain: The configuration with fitprint's own values alone.
        pickles: The user's objects. The same pickle gives the same object, so that equal configurations stay equal.

    Returns:
        The configuration, without the objects that cannot be unpickled here.
    """
    general = dict(plain.general)
    by_flavor = {flavor: dict(arguments) for flavor, arguments in plain.by_flavor.items()}
    for flavor, setting, name, pickled in pickles:
        arguments = general if flavor is None else by_flavor[flavor]
        with guarded(name, flavor or "", lost="could not be read in a worker and has no effect there"):
            value = _loaded(pickled)
            arguments[setting] = (*arguments.get(setting, ()), value) if setting == "rules" else value
    return replace(plain, general=general, by_flavor=by_flavor)


def _packed(configuration: Configuration) -> Packed:
    scopes: list[tuple[str | None, Mapping[str, Any]]] = [(None, configuration.general)]
    scopes += configuration.by_flavor.items()
    pickles = [pickled for flavor, arguments in scopes for pickled in _pickles(flavor, arguments)]
    plain = replace(
        configuration,
        general=_own_settings(configuration.general),
        by_flavor={flavor: _own_settings(arguments) for flavor, arguments in configuration.by_flavor.items()},
    )
    return plain, tuple(pickles)


def _own_settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of fitprint, whose values are plain."""
    return {name: value for name, value in arguments.items() if name in TABLE and name != "rules"}


def _pickles(flavor: str | None, arguments: Mapping[str, Any]) -> list[Pickled]:
    objects = [("rules", f"rule {rule_name(rule)}", rule) for rule in arguments.get("rules") or ()]
    objects += [(setting, f"setting {setting}", value) for setting, value in arguments.items() if setting not in TABLE]
    pickles = []
    for setting, name, value in objects:
        with guarded(name, flavor or "", lost="cannot be handed to workers and has no effect there"):
            pickles.append((flavor, setting, name, _dumped(value)))
    return pickles


def _dumped(value: Any) -> bytes:
    import cloudpickle

    file = _Bounded()
    cloudpickle.CloudPickler(file).dump(value)
    return file.getvalue()


class _Bounded(io.BytesIO):
    """A file in memory that accepts no more than `MOST_BYTES`."""

    def write(self, data: Any) -> int:
        if self.tell() + memoryview(data).nbytes > MOST_BYTES:
            raise ValueError(f"its pickle is larger than {MOST_BYTES:,} bytes")
        return super().write(data)


@functools.lru_cache(maxsize=64)
def _loaded(pickled: bytes) -> Any:
    import pickle

    return pickle.loads(pickled)
