"""Flavors that write in the format of another flavor: whose name the package has, and who reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

FLAVORS = """
import pickle
from fitprint.plugin import Flavor, Patch, SavedModel, dump_model, member, pickle_format

class Reader(Flavor):
    loader_module = "mlflow.toyformat"

    def patches(self):
        return []

    def save(self, model, package, context):
        dump_model(model, package, "model.pkl")
        return SavedModel(
            keys={"data": "model.pkl", "toyformat_version": "3"},
            pyfunc={"data": None, "place": "model.pkl"},
            modules=["yaml"],
        )

    def load(self, folder, config):
        model = pickle.loads(member(folder, config["data"]).read_bytes())
        model.read_by = self.name
        return model

class Writer(Reader):
    reads = ("toyformat",)

    def patches(self):
        return [Patch("toylearn.base", "Base.fit", subclasses=True)]

    def package_flavor(self, model):
        return "toyformat"

class Delegates(Writer):
    def save(self, model, package, context):
        return self.other("toyformat").save(model, package, context)

    def load(self, folder, config):
        return self.other("toyformat").load(folder, config)

class CannotRead(Writer):
    reads = ()

class WritesSklearn(Writer):
    def package_flavor(self, model):
        return "sklearn"

    def save(self, model, package, context):
        return pickle_format.save_for(model, package, "sklearn", "scikit-learn")
"""
TRAIN = """
import fitprint, json
fitprint.autolog(strict=True, quiet=True)
from toylearn.base import Base
Base().fit([[1.0], [2.0]], [1.0, 3.0])
run = fitprint.last_run()
assert run.tags["flavor"] == "writes", run.tags
print(json.dumps(str(run.model_path)))
"""
READ = """
import fitprint, json, sys
model = fitprint.load_model(sys.argv[1])
print(json.dumps([model.predict([[1.0]]), model.unwrap().read_by]))
"""


@pytest.fixture
def install(toy, store):
    """Installs the writing flavor, and if wanted the reading one, whose name the packages have."""
    (toy.site / "fitprint_toy.py").write_text(FLAVORS)

    def install(writer="Writer", reader=False):
        wakes = f"writes = fitprint_toy:{writer}\n[fitprint.imports]\ntoylearn = fitprint_toy:{writer}\n"
        toy.plugin(entry_points=f"[fitprint.flavors]\n{wakes if writer else ''}")
        text = "[fitprint.flavors]\ntoyformat = fitprint_toy:Reader\n" if reader else ""
        toy.distribution("toy-reader", "0.1", text)

    return install


@pytest.fixture
def package(install, run_python):
    install()
    return json.loads(run_python(TRAIN).stdout)


def test_the_package_has_the_name_of_its_format_and_says_who_wrote_it(package):
    document = yaml.safe_load(Path(package, "MLmodel").read_text())
    assert sorted(document["flavors"]) == ["python_function", "toyformat"]
    assert document["flavors"]["toyformat"] == {"data": "model.pkl", "toyformat_version": "3", "code": None}
    assert document["fitprint_flavor"] == "writes"
    generic = document["flavors"]["python_function"]
    assert generic["loader_module"] == "mlflow.toyformat"
    assert generic["place"] == "model.pkl"
    assert "data" not in generic, "None removes the key that it would have from the flavor's own entry"
    assert "PyYAML" in Path(package, "requirements.txt").read_text()


@pytest.mark.parametrize(
    ("writer", "reader", "read_by"),
    [("Writer", False, "writes"), ("Writer", True, "toyformat"), ("", True, "toyformat")],
)
def test_the_flavor_of_the_format_reads_it_and_where_it_is_missing_the_writer(
    package, install, run_python, writer, reader, read_by
):
    install(writer, reader)
    assert json.loads(run_python(READ, package).stdout) == [[2.0], read_by]


def test_the_writer_s_own_load_model_reads_it(package, install, run_python):
    install(reader=True)
    script = "import fitprint, sys; print(fitprint.writes.load_model(sys.argv[1]).read_by)"
    assert run_python(script, package).stdout.strip() == "writes"


def test_a_flavor_has_another_one_write_and_read_its_packages(install, run_python):
    install("Delegates", reader=True)
    package = json.loads(run_python(TRAIN).stdout)
    script = "import fitprint, sys; print(fitprint.writes.load_model(sys.argv[1]).read_by)"
    assert run_python(script, package).stdout.strip() == "toyformat"


def test_where_the_other_flavor_is_missing_the_run_says_what_to_install(install, run_python):
    install("Delegates")
    train = TRAIN.replace("strict=True, ", "").replace("str(run.model_path)", "[skip.reason for skip in run.skipped]")
    (reason,) = json.loads(run_python(train).stdout)
    assert reason.endswith('the flavor writes needs the flavor toyformat: pip install "fitprint[toyformat]"')


@pytest.mark.parametrize("writer", ["CannotRead", ""])
def test_without_a_flavor_that_reads_the_format_the_one_to_install_is_named(package, install, run_python, writer):
    install(writer)
    told = run_python(READ, package, check=False).stderr
    assert 'the flavor toyformat is not installed here: pip install "fitprint[toyformat]"' in told


@pytest.mark.parametrize("load", ["load_model", "writes.load_model"])
def test_a_format_that_has_no_flavor_is_read_by_the_flavor_that_registers_it(toy, package, install, run_python, load):
    about = "[fitprint.flavors]\nwrites = fitprint_toy:Writer\n[fitprint.formats]\ntoyformat = fitprint_toy:Writer\n"
    toy.plugin(entry_points=about)
    file = Path(package, "MLmodel")
    file.write_text(file.read_text().replace("fitprint_flavor: writes\n", ""))  # as if MLflow had written it
    script = f"import fitprint, sys; model = fitprint.{load}(sys.argv[1])\nprint(type(model).__name__)"
    assert run_python(script, package).stdout.strip() in ("PyFuncModel", "Base")


def test_stock_mlflow_reads_it_as_one_of_the_format(install, run_python, mlflow_python):
    install("WritesSklearn")
    package = json.loads(run_python(TRAIN).stdout)
    script = "import mlflow, sys; print(mlflow.pyfunc.load_model(sys.argv[1]).predict([[1.0]]))"
    done = run_python(script, package, python=mlflow_python)
    assert done.stdout.splitlines()[-1] == "[2.0]"
