"""What a package is made of, and how the steps of making it are taken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from fitprint._packages.options import Options
from fitprint.plugin.flavor import Flavor


class Steps(Protocol):
    """How the steps are taken: each under the guard while recording, bare where a user asked for the package."""

    def step(self, name: str) -> AbstractContextManager[Any]:
        """Surrounds one step."""

    def skip(self, what: str, rule: str, reason: str) -> None:
        """Keeps a reason for what is left out."""


@dataclass(frozen=True)
class Subject:
    """What a package is made of."""

    flavor: Flavor
    model: Any
    options: Options = field(default_factory=Options)
    data: Callable[[], Any] = lambda: None
    """The data that the signature is inferred from where none is given, or None."""
    example: Callable[[Any], Any] = lambda data: None
    """From that data to the input example where none is given, or None."""
    predicted: tuple[Any, Any] | None = None
    """Data that the model has predicted already, and what it predicted."""
    run_id: str | None = None
    artifact_path: str | None = None
