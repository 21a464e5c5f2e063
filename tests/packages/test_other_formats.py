"""Flavors that write in the format of another flavor: whose name the package has, and who reads it."""

from __future__ import annotations

import pickle

import pytest
import yaml

import fitprint
from fitprint import PackageError

WRITER = """
import pickle
from fitprint.plugin import Flavor, Patch, SavedModel, dump_model, member

class Base(Flavor):
    loader_module = "mlflow.toyformat"

    def patches(self):
        return [Patch("toylearn.base", "Base.fit", subclasses=True)]

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

class Writer(Base):
    reads = ("toyformat",)

    def package_flavor(self, model):
        return "toyformat"

class Careless(Writer):
    reads = ()

class Reader(Base):
    def patches(self):
        return []
"""


@pytest.fixture
def two_flavors(toy, store):
    """Installs a writing flavor, and on demand the reading one, whose name the packages have."""
    (toy.site / "fitprint_toy.py").write_text(WRITER)

    def install(writer="Writer", reader=False):
        lines = ["[fitprint.flavors]", f"writes = fitprint_toy:{writer}", "[fitprint.imports]"]
        lines += [f"toylearn = fitprint_toy:{writer}"]
        toy.plugin(entry_points="\n".join(lines) + "\n")
        if reader:
            text = "[fitprint.flavors]\ntoyformat = fitprint_toy:Reader\n"
            toy.distribution("toy-reader", "0.1", text)

    return install


TRAIN = """
import fitprint, json
fitprint.autolog(strict=True)
from toylearn.base import Base
class Mine: pass
model = Base().fit([1.0, 2.0])
run = fitprint.last_run()
assert not run.skipped, run.skipped
print(run.flavor, run.model_path)
"""
