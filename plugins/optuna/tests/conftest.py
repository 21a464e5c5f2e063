"""What the tests of the flavor share: a quiet Optuna."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

FRAMEWORK_WARNS = ("ignore::optuna.exceptions.ExperimentalWarning",)
"""What Optuna says of its own experimental parts is Optuna's affair."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Optuna logs each trial, through a handler of its own."""
    optuna = pytest.importorskip("optuna", reason="needs optuna: run `make test-all`")
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(before)
