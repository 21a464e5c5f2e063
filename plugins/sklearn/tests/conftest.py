"""What the tests of the scikit-learn flavor share."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fitprint
from fitprint.models import mlmodel


@pytest.fixture
def recorded(store: Path) -> Path:
    """Recording is on, and errors in it are raised. The folder of the runs."""
    fitprint.autolog(strict=True)
    return store


@pytest.fixture
def signature_of() -> Callable[[fitprint.Run], dict[str, Any] | None]:
    """From a run to what its package's MLmodel says of inputs and outputs, read from JSON; None for no signature."""

    def read(run: fitprint.Run) -> dict[str, Any] | None:
        assert run.model_path is not None
        found = mlmodel.read(run.model_path).get("signature")
        return {name: json.loads(text) if text else None for name, text in found.items()} if found else None

    return read


@pytest.fixture
def artifact() -> Callable[[fitprint.Run, str], Any]:
    """From a run and the name of an artifact to its content: JSON, or the rows of a CSV as dicts."""

    def read(run: fitprint.Run, name: str) -> Any:
        text = (run.path / "artifacts" / name).read_text("utf-8")
        return list(csv.DictReader(text.splitlines())) if name.endswith(".csv") else json.loads(text)

    return read
