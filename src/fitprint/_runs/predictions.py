"""Which run a prediction comes from: predictions of recorded models are remembered, but not kept alive."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from types import CodeType, FrameType
from typing import Any, NamedTuple

from fitprint._core.process_state import on_reset
from fitprint._core.rows import row_count
from fitprint._core.variable_names import argument_name, calling_frame, variable_name
from fitprint._runs import index as run_index
from fitprint._runs.run import Run
from fitprint.plugin.arguments import first_argument
from fitprint.plugin.contract import Flavor

MOST_REMEMBERED = 10_000
"""How many objects are remembered at once. Above it the oldest are forgotten."""
_NONE: Mapping[str, Any] = {}
Call = tuple[CodeType, int]
"""Code, and which of its instructions makes a call."""
MOST_PARTS = 100
"""How many columns of a table, and how many parts of a tuple or a list, are remembered."""


class Place(NamedTuple):
    """Where an array is in memory."""

    owner: weakref.ref[Any]
    """The array that owns the memory: while it exists, nothing else is there."""
    start: int
    end: int

    def overlaps(self, other: Place) -> bool:
        """Return whether the array has memory in common with another one, as far as both are still there."""
        owner = self.owner()
        return owner is not None and owner is other.owner() and self.start < other.end and other.start < self.end


def place_of(data: Any) -> Place | None:
    """Return where an array is in memory, or the first column of a table; None for other data."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if hasattr(data, "iloc") and len(getattr(data, "columns", "1")):
        data = (data.iloc[:, 0] if data.ndim == 2 else data).to_numpy()
    owner = _array_owner(data)
    if owner is None:
        return None
    start = end = data.__array_interface__["data"][0]
    for length, stride in zip(data.shape, data.strides, strict=True):
        end += max(0, stride * (length - 1))
        start += min(0, stride * (length - 1))
    return Place(weakref.ref(owner), start, end + data.itemsize)


class Origin:
    """Where a prediction comes from: the run of the model that predicted it, and the data that was predicted.

    Args:
        run: The run of the model.
        facts: What the flavor wants to know of the prediction later.
        flavor: The flavor of the model; None where it is not known from the prediction what was predicted.
        data: The data, of which only a weak reference is kept.
        name: The name of the variable that holds the data, where it is known already.
        call: The code that called the model with the data as the first argument, and which of its instructions this
            was, where the name is to be looked for later.
        count: The number of predictions, or None.
    """

    def __init__(
        self,
        run: Run,
        facts: Mapping[str, Any] = _NONE,
        flavor: Flavor | None = None,
        data: Any = None,
        name: str | None = None,
        call: Call | None = None,
        count: int | None = None,
    ) -> None:
        self.run, self.facts, self.flavor, self.name, self.count = run, facts, flavor, name, count
        self.place = place_of(data) if name is None and _is_view(data) else None
        """Where the data is in memory, if it is a slice: one without a name is gone once it has been predicted."""
        self.data_facts: Any = None
        """What is known of the data, once a metric of these predictions has been recorded."""
        self._call = call
        self._reference: Callable[[], Any]
        try:
            self._reference = weakref.ref(data)
        except TypeError:  # such as a list
            self._reference = _gone

    def find_name(self, frame: FrameType | None) -> None:
        """Look for the name of the data: among the variables that code sees, or else where the model was called.

        Args:
            frame: The code that makes a metric of the predictions.
        """
        if self.name is None and self._call is not None:
            self.name = variable_name(self._reference(), frame) or argument_name(*self._call)

    def rows(self) -> Any:
        """Return the rows of the data; None if it is gone, or cannot be referred to weakly."""
        data = self._reference()
        return self.flavor.rows_of(data) if data is not None and self.flavor is not None else None


def _gone() -> None:
    return None


class _Remembered(weakref.ref[Any]):
    """A weak reference to a prediction, or to the array that owns the memory of one.

    One is made at every prediction, and few are asked for: then only are its parts put together.

    Attributes:
        key: The `id` of the object, by which it is forgotten when it is gone.
        comes_from: Where it comes from, or what the `Origin` of it is made of when it is asked for, with a weak
            reference in place of the data.
    """

    __slots__ = ("comes_from", "key")
    key: int
    comes_from: Origin | tuple[Run, Mapping[str, Any], Flavor, weakref.ref[Any], CodeType, int]

    def origin(self) -> Origin:
        """Return where the prediction comes from. The object has to exist still."""
        if isinstance(self.comes_from, tuple):
            run, facts, flavor, data, code, instruction = self.comes_from
            self.comes_from = Origin(run, facts, flavor, data(), None, (code, instruction), row_count(self()))
        return self.comes_from

    def run(self) -> Run:
        """Return the run of the model that predicted it."""
        return self.comes_from[0] if isinstance(self.comes_from, tuple) else self.comes_from.run


_remembered: dict[int, _Remembered] = {}
"""By the `id` of the object."""
_with_pandas = False
"""Whether a model has predicted a Series or a table. If none has, no metric call looks into those it is given."""


def remember_call(
    predictions: Any,
    run: Run,
    facts: Mapping[str, Any],
    flavor: Flavor,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> None:
    """Remember what a call of a recorded model has predicted, as long as it exists.

    This is called by what surrounds the call: two frames further out is the code that called the model.

    Args:
        predictions: What it has predicted.
        run: The run of the model.
        facts: What the flavor wants to know of the prediction later.
        flavor: The flavor of the model.
        args: What the model was given. The first argument is the data.
        kwargs: What the model was given by name.
    """
    data, numpy = args[0] if args else first_argument(args, kwargs), sys.modules.get("numpy")
    if (  # nearly always, so this is quick: an array that owns its memory was predicted from data that is no view
        numpy is not None
        and type(predictions) is numpy.ndarray
        and predictions.base is None
        and (not isinstance(data, numpy.ndarray) or data.base is None)
    ):
        try:
            reference, frame = weakref.ref(data), sys._getframe(3)
        except (TypeError, ValueError):
            pass  # data such as a list, whose name could not be looked for later; or a thread without the user's code
        else:
            _remember_object(predictions, (run, facts, flavor, reference, frame.f_code, frame.f_lasti))
            return
    name = variable_name(data, calling_frame(3))
    remember(predictions, Origin(run, facts, flavor, data, name, None, row_count(predictions)), args, kwargs)


def remember(predictions: Any, origin: Origin, args: Iterable[Any] = (), kwargs: Mapping[str, Any] = _NONE) -> None:
    """Remember where predictions come from, as long as they exist.

    Args:
        predictions: An array, a Series, a table, or another object that Python can refer to weakly; or a tuple or a
            short list of such objects. Other objects are not remembered.
        origin: Where they come from.
        args: What the model was given. Predictions that share their memory with an argument are remembered as objects
            only, because other views of that memory are data.
        kwargs: What the model was given by name.
    """
    if isinstance(predictions, (tuple, list)):
        parts = predictions if len(predictions) <= MOST_PARTS else ()
    else:
        parts = (predictions,)
    for part in parts:
        if _remember_origin(part, origin):
            _remember_memory(part, origin, (*args, *kwargs.values()))


def _remember_memory(part: Any, origin: Origin, arguments: Iterable[Any]) -> None:
    """Remember the arrays that own the memory of a prediction, so that its views are known."""
    global _with_pandas
    array_owner = _array_owner(part)
    if array_owner is part:
        return
    owners = [array_owner] if array_owner is not None else _column_owners(part, MOST_PARTS)
    _with_pandas = _with_pandas or (array_owner is None and bool(owners))
    if owners:
        owners_of_arguments = {id(owner) for argument in arguments for owner in _memory_owners(argument)}
        for owner in owners:
            if id(owner) not in owners_of_arguments:
                _remember_origin(owner, origin)


def _remember_origin(value: Any, origin: Origin) -> bool:
    """Remember where an object comes from. Returns False if Python cannot refer to it weakly."""
    try:
        _remember_object(value, origin)
    except TypeError:
        return False
    return True


def _remember_object(value: Any, comes_from: Any) -> None:
    """Remember an object. Raises TypeError if Python cannot refer to it weakly."""
    remembered = _Remembered(value, _forget)
    remembered.comes_from = comes_from
    remembered.key = key = id(value)
    _remembered[key] = remembered
    while len(_remembered) > MOST_REMEMBERED:
        _remembered.pop(next(iter(_remembered)), None)


def _forget(gone: _Remembered) -> None:
    _remembered.pop(gone.key, None)


def any_remembered() -> bool:
    """Return whether any prediction is remembered."""
    return bool(_remembered)


def find_origin(value: Any) -> Origin | None:
    """Return where a prediction, or a view of one, comes from; None if this is not known."""
    known = _remembered.get(id(value))
    if known is not None and known() is value:
        return known.origin()
    owner = _array_owner(value)
    if owner is None and _with_pandas:
        owner = next(iter(_column_owners(value, 1)), None)
    if owner is None or owner is value:
        return None
    known = _remembered.get(id(owner))
    return known.origin() if known is not None and known() is owner else None


def common_origin(values: Iterable[Any]) -> Origin | None:
    """Return where the predictions among some objects come from.

    Args:
        values: Any objects. One that is a recorded model stands for its predictions.

    Returns:
        The origin; None if there is no known prediction among the objects, or if they come from several runs.
    """
    common: Origin | None = None
    for value in values:
        origin = find_origin(value) if _remembered else None
        if origin is None:
            run = run_index.trained_by(value)
            if run is None:
                continue
            origin = Origin(run)
        if common is not None and common.run is not origin.run:
            return None
        common = common or origin
    return common


def forget_run(run: Run) -> None:
    """Forget the predictions of a run that is discarded."""
    for key, remembered in list(_remembered.items()):
        if remembered.run() is run:
            _remembered.pop(key, None)


@on_reset
def _forget_all() -> None:
    global _with_pandas
    _remembered.clear()
    _with_pandas = False


def _memory_owners(value: Any) -> list[Any]:
    """Return the arrays that own the memory of an array, of a Series or of the columns of a table."""
    owner = _array_owner(value)
    return [owner] if owner is not None else _column_owners(value, MOST_PARTS)


def _is_view(value: Any) -> bool:
    """Return whether an object is an array whose memory belongs to another object."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(type(value), numpy.ndarray) and value.base is not None


def _array_owner(value: Any) -> Any:
    """Return the array that owns the memory of an array, which may be itself; None for other objects."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not issubclass(type(value), numpy.ndarray):
        return None
    array: Any = numpy.ndarray
    while (base := value.base) is not None and isinstance(base, array):
        value = base
    return value


def _column_owners(value: Any, most: int) -> list[Any]:
    """Return the arrays that own the memory of a Series, or of the first columns of a table; none for other objects.

    Nothing is copied: a column whose values are no numpy array has no owner.
    """
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is None or pandas is None or not issubclass(type(value), (pandas.Series, pandas.DataFrame)):
        return []
    columns = [column for _, column in islice(value.items(), most)] if value.ndim == 2 else [value]
    arrays = [column.to_numpy(copy=False) for column in columns if isinstance(column.dtype, numpy.dtype)]
    return list({id(owner): owner for owner in map(_array_owner, arrays)}.values())
