"""Around a call that is passed on: the same call, with the same arguments or with others."""

from __future__ import annotations

from typing import Any


class Passthrough:
    """Calls with the given arguments, and gives the result on."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs
        self.returned: Any = None

    def __enter__(self) -> None:
        return

    def __exit__(self, *error: Any) -> None:
        return

    def result(self) -> Any:
        return self.returned
