"""One column of a request: its values, each checked by itself, and the array that pandas makes a column of."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fitprint.models.enforcement_values import NUMBERS
from fitprint.models.types import AnyType, DataType, FieldType
from fitprint.serving import values
from fitprint.serving.faults import Faults, kind_of
from fitprint.serving.numbers import EXACT
from fitprint.serving.values import Unfit

_SIZED = re.compile(r"(?P<unsigned>[uU]?)[iI]nt(?P<bits>\d+)")


@dataclass(frozen=True)
class Column:
    """A column of a signature.

    Args:
        name: Its label.
        type: Its type.
        required: Whether it must be there and may not be null.
        exact: The dtype that the type does not tell; see `exact_dtypes`.
    """

    name: Hashable
    type: FieldType
    required: bool
    exact: Mapping[str, Any] | None = None

    @property
    def number(self) -> DataType | None:
        """The type, if it is one of numbers that numpy has."""
        return self.type if self.exact is None and isinstance(self.type, DataType) and self.type in NUMBERS else None

    @property
    def expected(self) -> str:
        """The type in words, for the caller."""
        return str(self.type) if self.exact is None else str(self.exact["dtype"])

    def made(self, sent: Sequence[Any], faults: Faults) -> Any:
        """Return the column for pandas; None if there are faults.

        Args:
            sent: The values of the caller.
            faults: Gets what does not fit.
        """
        kinds = set(map(type, sent)) if self.exact is None else set()
        if (self.type is DataType.string and kinds == {str}) or (self.type is DataType.boolean and kinds == {bool}):
            return self._series(list(sent))
        fit, before, fitted = self._reader(), faults.count, []
        for row, value in enumerate(sent):
            fitted.append(self._fit(fit, value, row, faults))
        return None if faults.count > before else self._series(fitted)

    def _fit(self, fit: Callable[[Any], Any], value: Any, row: int, faults: Faults) -> Any:
        try:
            return fit(value)
        except Unfit as error:
            self._add(faults, str(error), row, value)
        return None

    def _series(self, fitted: list[Any]) -> Any:
        import pandas as pd

        made = self._array(fitted)
        return made if hasattr(made, "iloc") else pd.Series(made, copy=False)

    def _add(self, faults: Faults, reason: str, row: int, value: Any) -> None:
        if faults.is_full(self.name):
            faults.add("", column=self.name)
            return
        got = kind_of(value)
        message = f"expected {self.expected}, got {got}; {reason}"
        faults.add(message, row=row, column=self.name, expected=self.expected, got=got, value=value)

    def missing(self, faults: Faults) -> None:
        """Add the fault that the column is missing."""
        message = f"the column is missing, expected {self.expected}"
        faults.add(message, column=self.name, expected=self.expected, got="nothing")

    def missing_in(self, sent: Sequence[Any], missing: Any, faults: Faults) -> None:
        """Add a fault for each row that lacks the value, and for those whose values do not fit."""
        for row, value in enumerate(sent):
            if value is missing:
                faults.add("the value is missing", row=row, column=self.name, expected=self.expected, got="nothing")
        fit = self._reader()
        for row, value in enumerate(sent):
            if value is not missing:
                self._fit(fit, value, row, faults)

    def _reader(self) -> Callable[[Any], Any]:
        if self.exact is not None:
            read = _exact_reader(self.exact, self.type)
            return _nullable(read) if self._may_be_null() else _not_null(read)
        if self.type in (DataType.integer, DataType.long):
            return lambda value: _whole_or_unfit(value, self.type)
        return lambda value: values.fit(value, self.type, self.required)

    def _may_be_null(self) -> bool:
        """Return whether a column whose exact dtype is known may have null."""
        assert self.exact is not None
        name = str(self.exact["dtype"])
        if name.startswith(("datetime", "timedelta", "float", "Float")):
            return True
        return not self.required and not name.startswith(("int", "uint"))

    def _array(self, fitted: list[Any]) -> Any:
        import numpy as np
        import pandas as pd

        if self.exact is not None:
            return _exact_series(fitted, str(self.exact["dtype"]))
        if isinstance(self.type, AnyType) or self.type is DataType.string:
            return _as_pandas_would(fitted)
        if self.type is DataType.boolean and None in fitted:
            return pd.Series(fitted, dtype=object)
        if isinstance(self.type, DataType) and self.type is not DataType.binary:
            return np.array(fitted, dtype=self.type.to_numpy())
        return pd.Series(fitted, dtype=object)


def _as_pandas_would(fitted: list[Any]) -> Any:
    """Return a column of the dtype that pandas finds, unless that changes whole numbers, or says nothing."""
    import pandas as pd

    if all(value is None for value in fitted):
        return pd.Series(fitted, dtype=object)
    made = pd.Series(fitted)
    if made.dtype.kind == "f" and any(type(value) is int and abs(value) > EXACT for value in fitted):
        return pd.Series(fitted, dtype=object)
    return made


def _whole_or_unfit(value: Any, kind: FieldType) -> Any:
    if value is None:
        raise Unfit("whole numbers cannot be null")
    return values.fit(value, kind)


def _nullable(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _not_null(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def reading(value: Any) -> Any:
        if value is None:
            raise Unfit("a value is required")
        return read(value)

    return reading


def _exact_reader(exact: Mapping[str, Any], declared: FieldType) -> Callable[[Any], Any]:
    """Return what reads a value for a column whose exact dtype is known."""
    name = str(exact["dtype"])
    sized = _SIZED.fullmatch(name)
    if sized is not None:
        bits = int(sized["bits"])
        least, most = (0, 2**bits - 1) if sized["unsigned"] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return lambda value: values.whole(value, least, most)
    unit = name.partition("[")[2][:2].rstrip(",]")
    if name.startswith("datetime64"):
        return lambda value: values.moment(value, unit, zoned="," in name)
    if name.startswith("timedelta64"):
        return lambda value: values.span(value, unit)
    if name == "category":
        categories = exact.get("categories") or ()
        kinds = {type(category) for category in categories}
        return _OF_CATEGORY.get(kinds.pop(), values.text) if len(kinds) == 1 else values.text
    return _BY_NAME.get(name) or (lambda value: values.fit(value, declared))


def _long(value: Any) -> int:
    return values.whole(value, -(2**63), 2**63 - 1)


_OF_CATEGORY: Mapping[type, Callable[[Any], Any]] = {
    str: values.text,
    bool: values.boolean,
    int: _long,
    float: values.real,
}
_BY_NAME: Mapping[str, Callable[[Any], Any]] = {
    "boolean": values.boolean,
    "string": values.text,
    "float16": values.half,
    "Float32": values.single,
    "Float64": values.real,
}


def _exact_series(fitted: list[Any], name: str) -> Any:
    """Return the column as its exact dtype, or, for a category, as what can become one."""
    import numpy as np
    import pandas as pd

    if name == "category":
        return _as_pandas_would(fitted)
    if name.startswith("datetime64"):
        moments = pd.Series(np.array(fitted, dtype=name.partition(",")[0].rstrip("]") + "]"))
        return moments.dt.tz_localize("UTC").astype(name) if "," in name else moments
    if name.startswith("timedelta64"):
        return pd.Series(np.array(fitted, dtype=name))
    return pd.Series(fitted, dtype=name)
