"""Checks: the package is read in processes that know nothing of the one that wrote it."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from fitprint.models import mlmodel
from fitprint.testing import carried
from fitprint.testing.bench import Bench
from fitprint.testing.case import Case, needs
from fitprint.testing.packages import expect_alike, expect_as_then, goldens

_READ = """
import importlib.util, json, sys
how, package, code, loader, data, carried_file, rows, target, blocked = map(json.loads, sys.argv[1:])

class Blocked:
    # as where fitprint and the plugin are not installed
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(
                f"no module named {name!r}: the package is read without fitprint and without the plugin", name=name
            )

for name in [name for name in sys.modules if name.partition(".")[0] in blocked]:
    del sys.modules[name]  # a warm interpreter has imported it
sys.meta_path.insert(0, Blocked())
spec = importlib.util.spec_from_file_location("carried", carried_file)
carried = importlib.util.module_from_spec(spec)
spec.loader.exec_module(carried)
if how == "fitprint":
    from fitprint import load_model
    model = load_model(package)
elif how == "mlflow":
    from mlflow.pyfunc import load_model
    model = load_model(package)
else:
    sys.path.insert(0, code)
    model = importlib.import_module(loader)._load_pyfunc(data)
carried.write(target, model.predict(carried.read(rows)))
print(json.dumps(sorted(name for name in sys.modules if name.partition(".")[0] == "fitprint")))
"""

_WRITE = """
import json, sys
from pathlib import Path
from fitprint.testing.bench import case_of
from fitprint.testing.packages import write_golden
file, kind, case, flavor, folder = map(json.loads, sys.argv[1:])
print(json.dumps(str(write_golden(flavor, case_of(file, kind, case), Path(folder)))))
"""


class ReaderChecks:
    """Other processes and other interpreters, also without fitprint."""

    @needs("package", "predict")
    def test_it_loads_in_a_process_of_its_own(self, bench: Bench, case: Case) -> None:
        """`fitprint.load_model` works where nothing was trained."""
        _read(bench, case, "fitprint", sys.executable)

    @needs("package", "predict")
    def test_stock_mlflow_loads_it(self, bench: Bench, case: Case, mlflow_python: str) -> None:
        """`mlflow.pyfunc.load_model` of MLflow 2 and 3 loads it, without fitprint and without the plugin."""
        _read(bench, case, "mlflow", mlflow_python)

    @needs("package", "predict")
    def test_its_loader_works_without_fitprint(self, bench: Bench, case: Case) -> None:
        """The copy of a plugin's own `loader_module` predicts where neither fitprint nor the plugin is installed."""
        loader = bench.flavor.loader_module
        assert loader, "the flavor has no loader_module: mlflow.<flavor>, or the plugin's own module with _load_pyfunc"
        if loader.partition(".")[0] == "mlflow":
            return  # stock MLflow has it, and the check above reads with it
        spec = importlib.util.find_spec(loader)
        assert spec is not None, (
            f"loader_module names {loader}, which cannot be imported: look for a slip in the name, and whether the "
            "plugin is installed"
        )
        _read(bench, case, "loader", sys.executable)

    @needs("package", "predict")
    def test_packages_of_the_oldest_version_load(self, bench: Bench, case: Case, oldest_python: str) -> None:
        """A package of the oldest version of the framework that the plugin supports loads here."""
        what = f"training {case.name} with the framework of FITPRINT_OLDEST_PYTHON failed"
        folder = bench.folder / "oldest"
        bench.script(_WRITE, *bench.case_arguments(case), bench.name, str(folder), python=oldest_python, what=what)
        for golden in goldens(folder):
            expect_as_then(case, golden)


def _read(bench: Bench, case: Case, how: str, python: str) -> None:
    trained, run, package = bench.package(case)
    assert case.predict is not None
    rows = case.rows_of(trained.data)
    generic = mlmodel.read(package)["flavors"]["python_function"]
    if how == "loader" and str(generic["loader_module"]).partition(".")[0] == "mlflow":
        return  # save() has named MLflow's loader for this model, and the check above reads with it
    data = package / str(generic["data"]) if generic.get("data") else package
    target = bench.folder / "predicted.json"
    env: dict[str, str | None] = {} if how != "mlflow" else {"PYTHONPATH": os.pathsep.join(_beside(bench))}
    what = {
        "fitprint": "fitprint.load_model in another process",
        "mlflow": "mlflow.pyfunc.load_model of stock MLflow",
        "loader": f"{bench.flavor.loader_module}._load_pyfunc, where fitprint and the plugin are not installed,",
    }[how]
    reasons = [skip.reason for skip in run.skipped if skip.rule == "code"]
    look = f"look at loader_module, save() and load(){f'; the run says: {reasons}' if reasons else ''}"
    bench.script(
        _READ,
        how,
        str(package),
        str(package / str(generic.get("code"))),
        generic["loader_module"],
        str(data),
        carried.__file__,
        bench.carry("rows", rows),
        str(target),
        [] if how == "fitprint" else sorted({"fitprint", *_plugin(bench)}),
        python=python,
        env=env,
        warm=case is not next(c for c in bench.cases if c.package and c.predict),
        imports=["mlflow.pyfunc" if how == "mlflow" else "fitprint.testing.bench"],
        what=f"reading the package of {case.name} with {what} failed: {look}",
    )
    expect_alike(case, case.predict(trained.model, rows), carried.read(target), what)


def _beside(bench: Bench) -> Iterable[str]:
    """Yield the folders of the framework, if they are not in site-packages."""
    for name in sorted(bench.entry.modules):
        spec = importlib.util.find_spec(name)
        places = list(spec.submodule_search_locations or []) if spec is not None else []
        origin = Path(places[0]) if places else Path(spec.origin) if spec is not None and spec.origin else None
        if origin is not None and origin.parent.name not in ("site-packages", "dist-packages"):
            yield str(origin.parent)


def _plugin(bench: Bench) -> set[str]:
    """Return the plugin's own top-level modules; none if the framework ships its flavor itself."""
    names = {type(bench.flavor).__module__, bench.flavor.loader_module}
    return {name.partition(".")[0] for name in names} - {"mlflow", *bench.flavor.tops()}
