"""The faults of one request, collected so that the caller learns of all of them at once."""

from __future__ import annotations

from typing import Any

from fitprint.serving.errors import Fault, RequestError

LISTED = 20
"""How many faults an answer lists; the others are counted."""
MISFIT = "INVALID_PARAMETER_VALUE"
"""MLflow's code for data that can be read, but does not fit the signature."""


class Faults:
    """What is wrong with the data and params of a request."""

    def __init__(self) -> None:
        self._kept: list[Fault] = []
        self._kept_of_place: dict[Any, int] = {}
        self.count = 0

    def add(
        self,
        message: str,
        *,
        row: int | None = None,
        column: Any = None,
        expected: str | None = None,
        got: str | None = None,
        value: Any = None,
    ) -> None:
        """Add a fault; see `Fault`. Of each column only as many are kept as an answer can list."""
        self.count += 1
        kept_count = self._kept_of_place.get(column, 0)
        if kept_count < LISTED:
            self._kept_of_place[column] = kept_count + 1
            label = column if column is None else str(column)
            self._kept.append(Fault(message, row, label, expected, got, value))

    def is_full(self, column: Any) -> bool:
        """Return whether further faults of a column are counted only, whatever their message."""
        return self._kept_of_place.get(column, 0) >= LISTED

    def check(self, what: str = "The data does not fit the model's signature") -> None:
        """Raise what was collected.

        Args:
            what: The beginning of the message.

        Raises:
            RequestError: There are faults.
        """
        if not self.count:
            return
        listed = sorted(self._kept, key=lambda fault: -1 if fault.row is None else fault.row)[:LISTED]
        first = _sentence(listed[0])
        more = f" There are {self.count} faults in all." if self.count > 1 else ""
        raise RequestError(400, f"{what}: {first}.{more}", MISFIT, listed, self.count)


def _sentence(fault: Fault) -> str:
    places = [f"row {fault.row}"] if fault.row is not None else []
    if fault.column is not None:
        places.append(repr(fault.column))
    return f"{', '.join(places)}: {fault.message}" if places else fault.message


def kind_of(value: Any) -> str:
    """Return what a value is in JSON, never the value itself."""
    if value is None:
        return "null"
    for kinds, name in _KINDS:
        if isinstance(value, kinds):
            return name
    return type(value).__name__


_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "text"),
    (bytes, "bytes"),
    ((list, tuple), "array"),
    (dict, "object"),
)
