"""The loader of a plugin is in its packages, which are served where neither fitprint nor the plugin is installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from fitprint._packages.loader_copy import name_of_copy

TRAIN = """
import json, tinyboost, fitprint
fitprint.autolog(quiet=True)
tinyboost.Booster(rounds=4).fit([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]], [1, 2, 3])
run = fitprint.last_run()
skips = [[skip.what, skip.rule, skip.reason] for skip in run.skipped if skip.rule == "code"]
print(json.dumps([str(run.model_path), skips]))
"""
READ = """
import sys
import {reader} as reader
model = reader.load_model(sys.argv[1])
print(len(model.predict([[1.0, 2.0]])), *sorted(name for name in sys.modules if name.startswith("fitprint_")))
"""
NAME = "fitprint_tinyboost_loader_copy"
LOADER = "fitprint_tinyboost/loader.py"


@pytest.fixture
def train(run_python, store, tinyboost):
    """Trains with the plugin installed, after a change of its loader; returns the package and the reasons."""

    def train(loader=None):
        if loader is not None:
            (tinyboost / LOADER).write_text(loader)
        folder, skipped = json.loads(run_python(TRAIN, env={"PYTHONPATH": str(tinyboost)}).stdout.splitlines()[-1])
        return Path(folder), skipped

    return train


@pytest.fixture
def framework(tinyboost, tmp_path):
    """A folder with the framework alone."""
    folder = tmp_path / "framework"
    folder.mkdir()
    shutil.copy(tinyboost / "tinyboost.py", folder)
    return folder


def requirements(package):
    return [line.partition("==")[0] for line in (package / "requirements.txt").read_text().splitlines()]


def test_the_loader_is_copied_under_another_name_and_the_plugin_is_not_required(train, tinyboost):
    package, skipped = train()
    assert skipped == []
    assert [file.name for file in (package / "code").iterdir()] == [f"{NAME}.py"]
    assert (package / "code" / f"{NAME}.py").read_text() == (tinyboost / LOADER).read_text()
    flavors = yaml.safe_load((package / "MLmodel").read_text())["flavors"]
    assert flavors["python_function"]["loader_module"] == NAME
    assert flavors["python_function"]["code"] == flavors["tinyboost"]["code"] == "code"
    assert requirements(package) == ["mlflow>=2.8,<4", "numpy", "tinyboost"]


def test_what_the_loader_imports_is_required(train, tinyboost):
    package, _ = train((tinyboost / LOADER).read_text() + "\n\ndef more():\n    import yaml.nodes\n    import json\n")
    assert requirements(package) == ["mlflow>=2.8,<4", "PyYAML", "numpy", "tinyboost"]


def test_with_the_plugin_its_flavor_loads_the_package(train, run_python, tinyboost):
    package, _ = train()
    done = run_python(READ.format(reader="fitprint"), package, env={"PYTHONPATH": str(tinyboost)})
    assert done.stdout.split() == ["1", "fitprint_tinyboost", "fitprint_tinyboost.flavor"]
    script = "import fitprint, sys; fitprint.load_model(sys.argv[1], trust='no-pickle'); print(NAME in sys.modules)"
    script = script.replace("NAME", repr(NAME))
    assert run_python(script, package, env={"PYTHONPATH": str(tinyboost)}).stdout.strip() == "False"


def test_without_the_plugin_the_copy_loads_it(train, run_python, framework):
    package, _ = train()
    env = {"PYTHONPATH": str(framework)}
    assert run_python(READ.format(reader="fitprint"), package, env=env).stdout.split() == ["1", NAME]
    script = "import fitprint, sys; fitprint.load_model(sys.argv[1], trust='no-pickle')"
    told = run_python(script, package, env=env, check=False).stderr
    assert "is not loaded with trust=no-pickle" in told


def test_stock_mlflow_loads_it_with_nothing_of_ours(train, run_python, framework, mlflow_python):
    package, _ = train()
    env = {"PYTHONPATH": str(framework)}
    done = run_python(READ.format(reader="mlflow.pyfunc"), package, python=mlflow_python, env=env)
    assert done.stdout.splitlines()[-1].split() == ["1", NAME]


@pytest.mark.parametrize(
    ("first_line", "imported"),
    [
        ("from fitprint.plugin import member", "fitprint.plugin"),
        ("import fitprint_tinyboost.flavor", "fitprint_tinyboost.flavor"),
        ("from . import flavor", "fitprint_tinyboost.flavor"),
        ("from .flavor import TinyboostFlavor", "fitprint_tinyboost.flavor"),
    ],
)
def test_a_loader_that_is_not_self_contained_stays_in_the_plugin_which_is_required(
    train, tinyboost, first_line, imported
):
    package, skipped = train(f"{first_line}\n" + (tinyboost / LOADER).read_text())
    ((what, rule, reason),) = skipped
    assert (what, rule) == ("code of fitprint_tinyboost.loader", "code")
    assert reason == (
        f"it imports {imported}, so a copy of it would not work by itself: the package loads only where "
        "fitprint_tinyboost.loader is installed"
    )
    assert not (package / "code").exists()
    flavors = yaml.safe_load((package / "MLmodel").read_text())["flavors"]
    assert flavors["python_function"]["loader_module"] == "fitprint_tinyboost.loader"
    assert requirements(package) == ["mlflow>=2.8,<4", "fitprint-tinyboost", "numpy", "tinyboost"]


def test_a_loader_that_cannot_be_found_is_told(train, tinyboost):
    (tinyboost / LOADER).unlink()
    package, ((what, _, reason),) = train()
    assert what == "code of fitprint_tinyboost.loader"
    assert reason.startswith("its source file cannot be found")
    assert "code" not in yaml.safe_load((package / "MLmodel").read_text())["flavors"]["python_function"]


def test_a_copy_hides_no_module_of_the_plugin():
    assert name_of_copy("fitprint_x.loader") == "fitprint_x_loader_copy"
    assert name_of_copy("fitprint_x") == "fitprint_x_copy"
