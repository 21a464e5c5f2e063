"""The guide to writing a flavor: what it shows is the example, and third-party flavors are like any other."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "write-a-flavor.md").read_text("utf-8")
LOOPS = (ROOT / "docs" / "loops.md").read_text("utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "tinyboost"
PLUGIN = EXAMPLE / "plugin" / "src" / "fitprint_tinyboost"
MOST_LINES = 60


def blocks(language, page=GUIDE):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def test_what_the_guide_shows_is_in_the_example():
    files = [path.read_text("utf-8") for path in (EXAMPLE / "plugin").rglob("*.*") if path.suffix in (".py", ".toml")]
    shown = blocks("py")
    assert len(shown) == 4
    assert [text for text in shown if not any(text in file for file in files)] == []
    assert [(PLUGIN / name).read_text("utf-8") in shown for name in ("flavor.py", "loader.py")] == [True, True]
    pyproject = (EXAMPLE / "plugin" / "pyproject.toml").read_text("utf-8")
    assert [line for line in blocks("toml")[0].splitlines() if line not in pyproject] == []


def test_what_the_page_on_loops_shows_is_in_its_example():
    plugin = ROOT / "docs" / "examples" / "tinyonline" / "plugin"
    files = [file.read_text("utf-8") for file in plugin.rglob("*.py")]
    shown = blocks("py", LOOPS)
    assert len(shown) == 2
    assert [block for block in shown if not any(block in file for file in files)] == []


def test_the_plugin_of_the_guide_is_short():
    assert sum(len(path.read_text("utf-8").splitlines()) for path in PLUGIN.glob("*.py")) < MOST_LINES


TRAIN = """
    import json, sys
    import numpy as np
    import tinyboost
    import fitprint

    X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    fitprint.autolog(rules=[lambda call: "few rounds" if call.instance.rounds < 3 else None], quiet=True)
    tinyboost.Booster(rounds=2).fit(X, [1, 2, 3])
    assert fitprint.runs() == []
    model = tinyboost.Booster(rounds=4).fit(X, [1, 2, 3])
    (row,) = [status for status in fitprint.status() if status.name == "tinyboost"]
    assert (row.state, row.runs) == ("on", 1), row
    run = fitprint.last_run()
    assert run.params == {"rounds": 4, "rate": 0.1}, run.params
    assert repr(fitprint.tinyboost) == "<fitprint flavor tinyboost>"
    assert fitprint.load_model(run.model_path).predict(X).tolist() == model.predict(X).tolist()
    print(json.dumps([str(run.model_path), model.predict(X).tolist(), row.range]))
"""
READ = """
    import json, sys
    sys.modules["fitprint"] = None  # cannot be imported
    import numpy as np
    import mlflow
    X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    print(json.dumps(mlflow.pyfunc.load_model(sys.argv[1]).predict(X).tolist()))
"""
EXCLUDED = """
    import tinyboost, fitprint
    tinyboost.Booster().fit([[1.0]], [1.0])
    fitprint.autolog()
    tinyboost.Booster().fit([[1.0]], [1.0])
    assert fitprint.runs() == []
"""


def test_a_third_party_flavor_is_like_any_other(run_python, store, tinyboost):
    env = {"PYTHONPATH": str(tinyboost)}
    assert json.loads(run_python(TRAIN, env=env).stdout.splitlines()[-1])[2] == "tinyboost <2,>=1"
    shutil.rmtree(store)
    run_python(EXCLUDED, env={**env, "FITPRINT_EXCLUDE_FLAVORS": "tinyboost"})
    run_python(EXCLUDED, env={**env, "FITPRINT_TINYBOOST_DISABLED": "1"})


def test_its_packages_load_in_stock_mlflow_where_fitprint_is_not(run_python, store, tinyboost, mlflow_python):
    env = {"PYTHONPATH": str(tinyboost)}
    package, predicted, _ = json.loads(run_python(TRAIN, env=env).stdout.splitlines()[-1])
    found = json.loads(run_python(READ, package, python=mlflow_python, env=env).stdout.splitlines()[-1])
    assert found == pytest.approx(predicted)


@pytest.fixture
def shipped(tmp_path, tinyboost):
    """tinyboost as a package that ships its flavor itself, as the guide's last part has it."""
    from_guide = next(block for block in blocks("toml") if "tinyboost._fitprint" in block)
    site = tmp_path / "shipped"
    package = site / "tinyboost"
    package.mkdir(parents=True)
    loader = "\n\ndef _load_pyfunc(path):\n    return load(path)\n"
    (package / "__init__.py").write_text((EXAMPLE / "framework" / "tinyboost.py").read_text() + loader)
    flavor = (PLUGIN / "flavor.py").read_text()
    (package / "_fitprint.py").write_text(flavor.replace('"fitprint_tinyboost.loader"', '"tinyboost"'))
    (place,) = re.findall(r'^tinyboost = "(.*)"$', from_guide, re.MULTILINE)
    shutil.copytree(next(tinyboost.glob("tinyboost-1.0.0.dist-info")), site / "tinyboost-1.0.0.dist-info")
    (site / "tinyboost-1.0.0.dist-info" / "entry_points.txt").write_text(f"[fitprint.flavors]\ntinyboost = {place}\n")
    return site


def test_a_framework_may_ship_its_flavor(run_python, store, shipped):
    woken = "import sys, fitprint\nfitprint.autolog()\nassert 'tinyboost' not in sys.modules\n"
    run_python(woken, env={"PYTHONPATH": str(shipped)})
    assert json.loads(run_python(TRAIN, env={"PYTHONPATH": str(shipped)}).stdout.splitlines()[-1])[2] == "any"


def test_such_a_framework_is_its_own_loader_in_stock_mlflow(run_python, store, shipped, mlflow_python):
    env = {"PYTHONPATH": os.fspath(shipped)}
    package, predicted, _ = json.loads(run_python(TRAIN, env=env).stdout.splitlines()[-1])
    found = json.loads(run_python(READ, package, python=mlflow_python, env=env).stdout.splitlines()[-1])
    assert found == pytest.approx(predicted)


@pytest.mark.slow
@pytest.mark.process
def test_such_a_framework_passes_the_kit(tmp_path, shipped):
    """Above all: importing the flavor adds a submodule to the framework, which is no patch that is left behind."""
    tests = tmp_path / "test_conformance.py"
    shutil.copyfile(EXAMPLE / "plugin" / "tests" / tests.name, tests)
    paths = os.pathsep.join(filter(None, [str(shipped), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tests)]
    command += ["-k", "attribute or listed or order or load or patched"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
