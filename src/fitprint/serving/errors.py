"""What a request is refused with: a status, a code of MLflow's, a message, and every fault of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One value, column or param of a request that does not fit the signature.

    Args:
        message: What is wrong and what to send instead, without any value of the caller's.
        row: The number of the row, from 0; None if the fault is not in one row.
        column: The name of the column, tensor or param; None if the fault is in none of them.
        expected: The type that the signature has.
        got: The type that was sent, as JSON or CSV has it; never the value.
        value: The value itself, which is shown only where the server was asked to show it.
    """

    message: str
    row: int | None = None
    column: str | None = None
    expected: str | None = None
    got: str | None = None
    value: Any = None


class RequestError(Exception):
    """A request that is not answered with predictions.

    Args:
        status: The HTTP status.
        message: A full sentence for the caller.
        code: MLflow's name for the error, such as ``BAD_REQUEST``.
        faults: The first faults of the data.
        count: The number of all faults, those included that are not listed.
        headers: Further headers of the answer, such as ``Retry-After``.
        detail: The traceback of a model that raised, where the server was asked to show it.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str = "BAD_REQUEST",
        faults: Sequence[Fault] = (),
        count: int | None = None,
        headers: Sequence[tuple[str, str]] = (),
        detail: str | None = None,
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.code = code
        self.faults = list(faults)
        self.count = len(self.faults) if count is None else count
        self.headers = list(headers)
        self.detail = detail
