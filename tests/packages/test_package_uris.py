"""A package may be named by its path, a ``file:`` URL, or ``runs:/<run>/<name>``, in every call and command alike."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LinearRegression

import fitprint
from fitprint.cli.application import fitprint as command
from fitprint.testing.reset import forget_everything

X = pd.DataFrame({"a": np.arange(8.0), "b": np.arange(8.0) ** 2})
Y = X["a"] + 0.5 * X["b"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A store with a package under a name that has a space and an artifact that is a pickle; and rows in a file."""
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("FITPRINT_STORE", str(folder / "store"))
        fitprint.autolog()
        with fitprint.start_run() as opened:
            model = LinearRegression().fit(X, Y)
            fitprint.log_model(model, "by hand")
            Path("model.pkl").write_bytes(pickle.dumps(model))
            fitprint.log_artifact("model.pkl")
        fitprint.disable()
        X.to_csv("rows.csv", index=False)
        forget_everything()
    return folder, opened.run_id


@pytest.fixture
def run(recorded, store):
    """That run, in the store of the test, whose folder has the rows."""
    folder, run_id = recorded
    shutil.copytree(folder / "store", store)
    shutil.copy(folder / "rows.csv", "rows.csv")
    shutil.copy(folder / "model.pkl", "model.pkl")
    return fitprint.get_run(run_id)


def _ways(run) -> dict[str, object]:
    path = run.path / "by hand"
    return {
        "path": str(path),
        "relative path": os.path.relpath(path),
        "Path": path,
        "file URL": path.as_uri(),
        "file URL without slashes": f"file:{path}".replace(" ", "%20"),
        "runs URI": f"runs:/{run.run_id}/by hand",
    }


WAYS = ("path", "relative path", "Path", "file URL", "file URL without slashes", "runs URI")

CALLS: dict[str, Callable[[object], object]] = {
    "fitprint.load_model": lambda package: fitprint.load_model(package).predict(X),
    "fitprint.pyfunc.load_model": lambda package: fitprint.pyfunc.load_model(package).predict(X),
    "fitprint.sklearn.load_model": lambda package: fitprint.sklearn.load_model(package).predict(X),
    "fitprint.evaluate": lambda package: fitprint.evaluate(
        package, X.assign(y=Y), targets="y", model_type="regressor"
    ).metrics["r2_score"],
}

COMMANDS = {
    "predict": ("predict", "{}", "rows.csv"),
    "inspect": ("inspect", "{}"),
    "verify": ("verify", "{}"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("call", CALLS)
def test_calls(run, way, call):
    got = CALLS[call](_ways(run)[way])
    assert np.allclose(got, 1.0 if call == "fitprint.evaluate" else Y)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "Path"])
@pytest.mark.parametrize("name", COMMANDS)
def test_commands(run, way, name):
    words = [word.replace("{}", str(_ways(run)[way])) for word in COMMANDS[name]]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output
    if name == "predict":
        assert np.allclose([float(line) for line in done.stdout.splitlines()[1:]], Y)


@pytest.mark.parametrize("way", WAYS)
def test_serving(run, way):
    from fitprint.serving import app_of

    assert app_of(_ways(run)[way]).state.serving.model.folder.samefile(run.path / "by hand")


def test_a_file_of_a_run_becomes_a_package(run):
    source = f"runs:/{run.run_id}/model.pkl"
    fitprint.package_model(source, "one", trust=True)
    done = CliRunner().invoke(command, ["package", source, "--to", "two", "--trust"])
    assert done.exit_code == 0, done.output
    fitprint.package_model(Path("model.pkl").absolute().as_uri(), "three", trust=True)
    for folder in ("one", "two", "three"):
        assert np.allclose(fitprint.load_model(folder).predict(X), Y)


def test_the_uri_of_a_command_may_name_the_last_run_and_looks_into_the_store_that_is_named(run, store, monkeypatch):
    monkeypatch.delenv("FITPRINT_STORE")
    done = CliRunner().invoke(command, ["inspect", "runs:/last/by hand", "--store", str(store), "--json"])
    assert str(run.path / "by hand") in done.stdout


@pytest.mark.parametrize("words", [("inspect",), ("verify",), ("predict", "rows.csv"), ("serve",)])
@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("models:/iris/1", "fitprint has no model registry; download it first"),
        ("s3://bucket/model", "download it first"),
        ("runs:/{run}/nothing", "has no model or artifact 'nothing'; its models:"),
    ],
)
def test_what_is_no_folder_here_is_told_how_to_become_one(run, words, uri, told):
    name, *rest = words
    done = CliRunner().invoke(command, [name, uri.replace("{run}", run.run_id), *rest])
    assert done.exit_code == 1
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
