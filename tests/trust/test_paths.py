"""Names in a package never lead outside of it, on reading and on writing."""

from __future__ import annotations

import os

import pytest

import fitprint
from fitprint.models import mlmodel
from fitprint.models.errors import PackageError
from fitprint.models.package import Package
from fitprint.models.package_paths import member
from fitprint.pyfunc._flavor import PyfuncFlavor

OUTSIDE = {
    "an absolute path": "/etc/passwd",
    "above": "../outside.pkl",
    "above from below": "a/../../outside.pkl",
    "a link to a file": "link.pkl",
    "below a link to a folder": "links/outside.pkl",
    "a link to a link": "second.pkl",
    "a zero byte": "model\0.pkl",
}
MISSING = {
    "a URL of a file": "file:///etc/passwd",
    "a URL": "https://example.com/model.pkl",
    "another scheme": "runs:/a/model",
    "backslashes": "..\\outside.pkl",
    "a drive": "C:/outside.pkl",
    "home": "~/outside.pkl",
    "a variable": "$HOME/outside.pkl",
    "nothing there": "gone.pkl",
    "a broken link": "broken.pkl",
    "far too long": "x" * 10_000,
    "a link to itself": "loop.pkl",
    "a half of a letter": "\udcff.pkl",
}
ODD = {"none": None, "empty": "", "a number": 3, "a list": ["model.pkl"], "a map": {"path": "model.pkl"}, "true": True}
ALL = {**OUTSIDE, **MISSING, **ODD}
IN_YAML = {what: name for what, name in {**OUTSIDE, **MISSING}.items() if what != "a half of a letter"}


@pytest.fixture
def folder(tmp_path, canary):
    """A package with links that lead outside, and what is to be reached there."""
    folder = tmp_path / "package"
    folder.mkdir()
    (tmp_path / "outside.pkl").write_bytes(canary)
    (folder / "model.pkl").write_bytes(canary)
    os.symlink("../outside.pkl", folder / "link.pkl")
    os.symlink("link.pkl", folder / "second.pkl")
    os.symlink("..", folder / "links")
    os.symlink("gone", folder / "broken.pkl")
    os.symlink("loop.pkl", folder / "loop.pkl")
    return folder


@pytest.mark.parametrize("name", ALL.values(), ids=ALL)
def test_a_name_that_mlmodel_gives(folder, name):
    with pytest.raises(PackageError) as caught:
        member(folder, name)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_inside_are_found(folder):
    assert member(folder, "model.pkl") == folder / "model.pkl"
    os.symlink("model.pkl", folder / "inner.pkl")
    assert member(folder, "inner.pkl").exists()


KEYS = {
    "data": lambda name: {"xgboost": {"data": name}, "python_function": {"loader_module": "mlflow.xgboost"}},
    "pickled_model": lambda name: {"sklearn": {"pickled_model": name}},
    "model_path": lambda name: {"python_function": {"loader_module": "mlflow.sklearn", "model_path": name}},
    "data of a hand-made package": lambda name: {"python_function": {"loader_module": "mlflow.sklearn", "data": name}},
    "python_model": lambda name: {"python_function": {"loader_module": "mlflow.pyfunc.model", "python_model": name}},
    "code": lambda name: {
        "sklearn": {"pickled_model": "gone.pkl"},
        "python_function": {"loader_module": "own", "code": name},
    },
    "artifacts": lambda name: {
        "python_function": {
            "loader_module": "mlflow.pyfunc.model",
            "python_model": "gone",
            "artifacts": {"a": {"path": name, "uri": "a"}},
        }
    },
    "data of a loader module": lambda name: {"python_function": {"loader_module": "json", "data": name}},
}


@pytest.mark.parametrize("name", IN_YAML.values(), ids=IN_YAML)
@pytest.mark.parametrize("flavors", KEYS.values(), ids=KEYS)
def test_nothing_outside_is_loaded(folder, flavors, name):
    (folder / "MLmodel").write_text(mlmodel.to_yaml({"flavors": flavors(name)}), "utf-8")
    with pytest.raises(PackageError) as caught:
        fitprint.load_model(folder)
    assert "\n" not in str(caught.value)


def test_artifacts_of_a_python_model(folder):
    for name in (*OUTSIDE.values(), *MISSING.values()):
        about = {
            "python_model": "model.pkl",
            "loader_module": "mlflow.pyfunc.model",
            "artifacts": {"a": {"path": name}},
        }
        with pytest.raises(PackageError):
            PyfuncFlavor().load(folder, about)


@pytest.mark.parametrize(
    "name",
    [
        "/a",
        "../a",
        "a/../b",
        "a/./b",
        "./a",
        "a//b",
        "a/",
        "/",
        "",
        ".",
        "..",
        "a\0b",
        "a\\b",
        "..\\a",
        "checksums.json",
    ],
)
def test_nothing_is_written_outside(tmp_path, name):
    package = Package(tmp_path / "package")
    for write in (package.open, package.path, lambda name: package.write(name, "x")):
        with pytest.raises(ValueError, match="is not a valid name inside a package"):
            write(name)
    assert [path.name for path in tmp_path.iterdir()] == ["package"]
    assert list(package.folder.iterdir()) == []
