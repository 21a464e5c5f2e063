"""What the tests of the scikit-learn flavor share."""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Trained:
    """A model that was trained on a kind of data while recording was on."""

    model: Any
    data: Any
    run: fitprint.Run

    @property
    def package(self) -> str:
        return str(self.run.model_path)

    @property
    def predicted(self) -> Any:
        """What the model itself says of its data."""
        return (self.model.predict if hasattr(self.model, "predict") else self.model.transform)(self.data)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    """A model of every kind in the module `kinds_of_data`, by the kind's name."""
    spec = importlib.util.spec_from_file_location("kinds_of_data", Path(__file__).with_name("kinds_of_data.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kinds_of_data"] = module  # what a model names of it travels with the package
    spec.loader.exec_module(module)
    fitprint.autolog(strict=True, store=tmp_path_factory.mktemp("trained"))
    found = {}
    for name, (model, data, target) in module.kinds().items():
        model.fit(data, target)
        run = fitprint.last_run()
        assert run is not None
        found[name] = Trained(model, data, run)
    fitprint.disable()
    return found
