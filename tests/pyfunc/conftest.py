"""What the tests of python models share: no mlflow, and no trace of a loaded package's code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fitprint

FIXTURES = Path(__file__).parents[1] / "fixtures" / "mlflow" / "models"


@pytest.fixture(autouse=True)
def _without_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`import mlflow` fails here, and what a package's code/ brought is forgotten afterwards."""
    monkeypatch.setitem(sys.modules, "mlflow", None)  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith((str(tmp_path), str(FIXTURES))):
            del sys.modules[name]


@pytest.fixture
def fixture_model() -> Callable[[str], Path]:
    """The folder of a package that MLflow wrote."""
    return lambda name: FIXTURES / name


@pytest.fixture
def same_python_as_mlflow() -> None:
    """Skips a test that runs code which MLflow pickled by value: only the Python that wrote it can run it."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("needs Python 3.11, which wrote the code in MLflow's packages")


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Saves a package and gives its folder: the arguments of `fitprint.pyfunc.save_model` without the path."""
    made: list[Path] = []

    def save(python_model: Any = None, **options: Any) -> Path:
        folder = tmp_path / f"package_{len(made)}"
        fitprint.pyfunc.save_model(folder, python_model=python_model, **options)
        made.append(folder)
        return folder

    return save
