"""A user's first minutes with the installed wheels, not with the sources: `make test-wheels` runs it.

    cd SOMEWHERE-ELSE; ENVIRONMENT/bin/python smoke.py

It trains a model of scikit-learn and one of XGBoost, lists the runs, inspects, verifies and loads their packages, and
runs in a folder of its own, so that nothing of the repository is importable.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib import metadata, resources
from pathlib import Path

import numpy
import xgboost
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import fitprint

COMMAND = Path(sys.prefix) / "bin" / "fitprint"


def main() -> None:
    """Runs every step; a step that fails raises AssertionError."""
    store = Path(tempfile.mkdtemp(prefix="fitprint-wheels-")) / "store"
    check_installation()
    packages = train(store)
    check_commands(store, packages)
    load_back(packages)
    print(f"the wheels work: fitprint {fitprint.__version__}, Python {sys.version.split()[0]}")


def check_installation() -> None:
    """The wheels are what is imported, typed and registered, and the kit's extra brings what it imports."""
    assert Path(sys.prefix) in Path(fitprint.__file__).parents, f"{fitprint.__file__} is not of this environment"
    flavors = {point.name for point in metadata.entry_points(group="fitprint.flavors")}
    assert flavors == {"sklearn", "xgboost"}, flavors
    for package in ("fitprint", "fitprint_sklearn", "fitprint_xgboost"):
        assert resources.files(package).joinpath("py.typed").is_file(), f"{package} has no py.typed"
    assert {"testing", "all", *flavors} <= set(metadata.metadata("fitprint").get_all("Provides-Extra"))
    assert fitprint.testing.FlavorConformance


def train(store: Path) -> list[Path]:
    """Records two trainings, and returns their packages."""
    fitprint.autolog(store=store)
    rows, classes = load_iris(return_X_y=True, as_frame=True)
    LogisticRegression(max_iter=500).fit(rows, classes)
    runs = [fitprint.last_run()]
    xgboost.train({"objective": "multi:softmax", "num_class": 3}, xgboost.DMatrix(rows, classes), num_boost_round=3)
    runs.append(fitprint.last_run())
    fitprint.disable()
    assert [run.status for run in runs] == ["FINISHED", "FINISHED"], runs
    assert runs[0].metrics["training_accuracy_score"] > 0.9, runs[0].metrics
    assert runs[1].params["num_class"] in (3, "3"), runs[1].params
    return [Path(run.model_path) for run in runs]


def check_commands(store: Path, packages: list[Path]) -> None:
    """The installed command lists the runs, and inspects and verifies their packages."""
    listed = command("runs", "--store", store)["runs"]
    assert sorted(run["flavor"] for run in listed) == ["sklearn", "xgboost"], listed
    for package in packages:
        assert command("inspect", package), package
        assert command("verify", package), package


def command(*arguments: object) -> dict[str, object]:
    """What a command prints as JSON; it has to succeed."""
    told = subprocess.run([COMMAND, *map(str, arguments), "--json"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, f"fitprint {arguments}: {told.stdout}{told.stderr}"
    return json.loads(told.stdout)


def load_back(packages: list[Path]) -> None:
    """Both packages predict the same classes for most of the rows that they were trained on."""
    rows, classes = load_iris(return_X_y=True, as_frame=True)
    for package in packages:
        predicted = numpy.asarray(fitprint.load_model(package).predict(rows))
        assert (predicted == classes).mean() > 0.9, package


if __name__ == "__main__":
    main()
