"""Packages to be looked at and broken, and pickles that must never be loaded."""

from __future__ import annotations

import io
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fitprint.models import mlmodel
from fitprint.models.package import Package
from fitprint.models.streams.names import names_of

PACKAGES = Path(__file__).parents[1] / "fixtures" / "mlflow" / "models"


class Canary:
    """Unpickling one makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> Any:
        return open, (self.path, "w")


@pytest.fixture
def canary(tmp_path: Path) -> Any:
    """A pickle that sings when it is loaded. It must not have sung when the test ends, and must be able to."""
    song = tmp_path / "sung"
    stream = pickle.dumps(Canary(song))
    yield stream
    assert not song.exists(), "the canary was unpickled"
    pickle.loads(stream).close()
    assert song.exists(), "the canary cannot sing"


@pytest.fixture
def names() -> Callable[[bytes], list[str]]:
    """From a stream to what it names; it must be whole."""

    def read(stream: bytes) -> list[str]:
        found = names_of(io.BufferedReader(io.BytesIO(stream)))
        assert found.problem == ""
        return [str(name) for name in found.named]

    return read


@pytest.fixture
def package() -> Callable[[str], Path]:
    """A copy of one of MLflow's packages, in the folder of the test."""

    def copied(name: str) -> Path:
        return Path(shutil.copytree(PACKAGES / name, Path("packages") / name)).absolute()

    return copied


@pytest.fixture
def sealed(tmp_path: Path) -> Callable[..., Path]:
    """A package as fitprint seals it, around the files given; its generic flavor has the keys given."""

    def made(files: dict[str, bytes], **generic: Any) -> Path:
        package = Package(tmp_path / "staging")
        for name, content in files.items():
            with package.open(name) as file:
                file.write(content)
        flavors = mlmodel.flavors("toy", {"data": "model.bin"}, "mlflow.toy", {"data": "model.bin", **generic}, None)
        package.write("MLmodel", mlmodel.to_yaml(mlmodel.describe(flavors=flavors)))
        package.write("requirements.txt", "toy==1.0")
        package.seal(tmp_path / "sealed")
        return tmp_path / "sealed"

    return made
