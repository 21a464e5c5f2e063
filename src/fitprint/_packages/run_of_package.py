"""The run whose package a model was loaded from, in this process or in another one."""

from __future__ import annotations

import contextlib
import weakref
from pathlib import Path
from typing import Any, NamedTuple

from fitprint._core.process_state import on_reset
from fitprint._runs.index import register_loaded
from fitprint._runs.open import open_run
from fitprint._runs.read import read_run
from fitprint._runs.record import FINISHED, RUNNING
from fitprint._runs.run import Run
from fitprint._settings.layers import current
from fitprint.stores import StoreError


class _Loaded(NamedTuple):
    model: weakref.ref[Any]
    folder: Path
    run_id: str


_loaded: dict[int, _Loaded] = {}
"""By the `id` of the model."""


def remember_package(model: Any, folder: Path, run_id: Any) -> None:
    """Remember the package that a model was loaded from, and its run, without keeping the model alive.

    Args:
        model: The model. One that Python cannot refer to weakly is not remembered.
        folder: The folder of the package.
        run_id: The id of the run that it belongs to, as its MLmodel file says; anything else if it says none.
    """
    register_loaded(model, run_id)
    if isinstance(run_id, str):
        key = id(model)
        with contextlib.suppress(TypeError):
            _loaded[key] = _Loaded(weakref.ref(model, lambda _: _loaded.pop(key, None)), folder.absolute(), run_id)


def run_id_of_package(model: Any) -> str | None:
    """Return the id of the run of the package that a model was loaded from; None if it was not loaded from one."""
    entry = _loaded.get(id(model))
    return entry.run_id if entry is not None and entry.model() is model else None


class OpenedRun(NamedTuple):
    """A run to add something to."""

    run: Run
    end_status: str | None
    """The status with which it is to be ended afterwards; None if it is not for this code to end."""

    def close(self) -> None:
        """End the run, or this use of it. Raises OSError if that cannot be written."""
        if self.end_status is not None:
            self.run.end(self.end_status)


def run_of_package(model: Any) -> OpenedRun | None:
    """Open the run of the package that a model was loaded from.

    It is looked for in the configured store, and in the store in which the package lies.

    Args:
        model: The native model.

    Returns:
        The run; None if the model was not loaded, or if neither store has its run.

    Raises:
        OSError: The store that has the run cannot be written.
    """
    entry = _loaded.get(id(model))
    if entry is None or entry.model() is not model:
        return None
    locations = [current().settings().store]
    if entry.folder.parent.name == entry.run_id:
        locations.append(str(entry.folder.parent.parent))
    for location in locations:
        with contextlib.suppress(StoreError):
            status = read_run(location, entry.run_id).status
            # one that is open elsewhere stays open: this ends its use here
            return OpenedRun(open_run(location, entry.run_id), FINISHED if status == RUNNING else status)
    return None


@on_reset
def _forget_all() -> None:
    _loaded.clear()
