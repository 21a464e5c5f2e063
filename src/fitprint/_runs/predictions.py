"""Which run a prediction comes from: what recorded models have predicted is remembered without being kept alive."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fitprint._core.process_state import on_reset
from fitprint._runs import index as run_index
from fitprint._runs.run import Run

MOST_REMEMBERED = 10_000
"""How many objects are remembered at once. Above it the oldest are forgotten."""
MOST_PARTS = 100
"""How many columns of a table, and how many parts of a tuple or a list, are remembered."""


class Origin(NamedTuple):
    """Where a prediction comes from."""

    run: Run
    """The run of the model that predicted it."""
    facts: Mapping[str, Any]
    """What the flavor wants to know of the prediction later."""


class _Entry(NamedTuple):
    reference: weakref.ref[Any]
    origin: Origin


_remembered: dict[int, _Entry] = {}
"""By the `id` of the object: a prediction, or the array that owns the memory of one."""


def remember(predictions: Any, origin: Origin, arguments: Iterable[Any] = ()) -> None:
    """Remember where predictions come from, as long as they exist.

    Args:
        predictions: An array, a Series, a table, or another object that Python can refer to weakly; or a tuple or a
            short list of such objects. Other objects are not remembered.
        origin: Where they come from.
        arguments: What the model was given. Predictions that share their memory with an argument are remembered as
            objects only, because other views of that memory are data.
    """
    if isinstance(predictions, (tuple, list)):
        parts = predictions if len(predictions) <= MOST_PARTS else ()
    else:
        parts = (predictions,)
    for part in parts:
        if not _remember_object(part, origin):
            continue
        owners = [owner for owner in _memory_owners(part) if owner is not part]
        if owners:
            foreign = {id(owner) for argument in arguments for owner in _memory_owners(argument)}
            for owner in owners:
                if id(owner) not in foreign:
                    _remember_object(owner, origin)


def _remember_object(value: Any, origin: Origin) -> bool:
    key = id(value)
    try:
        _remembered[key] = _Entry(weakref.ref(value, lambda _: _remembered.pop(key, None)), origin)
    except TypeError:
        return False
    while len(_remembered) > MOST_REMEMBERED:
        _remembered.pop(next(iter(_remembered)), None)
    return True


def any_remembered() -> bool:
    """Return whether any prediction is remembered."""
    return bool(_remembered)


def find_origin(value: Any) -> Origin | None:
    """Return where a prediction, or a view of one, comes from; None if this is not known."""
    entry = _remembered.get(id(value))
    if entry is not None and entry.reference() is value:
        return entry.origin
    for owner in _memory_owners(value, most=1):
        entry = _remembered.get(id(owner))
        if entry is not None and entry.reference() is owner:
            return entry.origin
    return None


def common_origin(values: Iterable[Any]) -> Origin | None:
    """Return where the predictions among some objects come from.

    Args:
        values: Any objects. One that is a recorded model stands for its predictions.

    Returns:
        The origin; None if there is no known prediction among the objects, or if they come from several runs.
    """
    common: Origin | None = None
    for value in values:
        if value is None:
            continue
        origin = find_origin(value) if _remembered else None
        if origin is None and (run := run_index.run_of(value)) is not None:
            origin = Origin(run, {})
        if origin is None:
            continue
        if common is not None and common.run is not origin.run:
            return None
        common = common or origin
    return common


def forget_run(run: Run) -> None:
    """Forget the predictions of a run that is discarded."""
    for key, entry in list(_remembered.items()):
        if entry.origin.run is run:
            _remembered.pop(key, None)


@on_reset
def _forget_all() -> None:
    _remembered.clear()


def _memory_owners(value: Any, most: int = MOST_PARTS) -> list[Any]:
    """Return the arrays that own the memory of an array, a Series or the columns of a table; none for other objects.

    Views of one array have the same owner. Nothing is copied: a column whose values are no numpy array has none.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return []
    kind = type(value)
    if issubclass(kind, numpy.ndarray):
        return [_owner(value, numpy.ndarray)]
    pandas = sys.modules.get("pandas")
    if pandas is None or not issubclass(kind, (pandas.Series, pandas.DataFrame)):
        return []
    columns = [value.iloc[:, at] for at in range(min(most, value.shape[1]))] if value.ndim == 2 else [value]
    arrays = [column.to_numpy(copy=False) for column in columns if isinstance(column.dtype, numpy.dtype)]
    return list({id(owner): owner for owner in (_owner(array, numpy.ndarray) for array in arrays)}.values())


def _owner(array: Any, ndarray: type) -> Any:
    while isinstance(array.base, ndarray):
        array = array.base
    return array
