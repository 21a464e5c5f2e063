"""One step of recording a run, under the guard."""

from __future__ import annotations

from types import TracebackType

from fitprint._core.guard import describe, guarded
from fitprint._runs.store_breaker import StoreUnavailable
from fitprint._runs.writer import RunWriter


class Step(guarded):
    """A guarded step. What a store that cannot be written costs is kept as a reason: the store itself has been told."""

    __slots__ = ("writer",)

    def __init__(self, name: str, flavor: str, writer: RunWriter, strict: bool) -> None:
        super().__init__(name, flavor, writer, strict)
        self.writer = writer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        of_the_store = isinstance(error, StoreUnavailable) or (error is not None and error is self.writer.fault)
        if error is None or not of_the_store or self.strict:
            return super().__exit__(kind, error, trace)
        self.failed = True
        self.reason = describe(error)
        self.writer.skip(self.step, "store", self.reason)
        return True
