"""Scripts that are models: they see a `mlflow` of their own, and nobody else does."""

from __future__ import annotations

import sys

import pytest
import yaml

import fitprint
from fitprint.models import PackageError


@pytest.fixture
def package(tmp_path):
    """A package of a script, as MLflow writes it."""

    def write(script, **keys):
        folder = tmp_path / "from_code"
        folder.mkdir()
        about = {
            "loader_module": "mlflow.pyfunc.loaders.code_model",
            "model_code_path": "/home/somebody/project/script.py",
            **keys,
        }
        (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": {"python_function": about}}))
        (folder / "script.py").write_text(script)
        return folder

    return write


@pytest.mark.parametrize(
    "script",
    [
        "import mlflow\nmlflow.models.set_model(lambda data: data * 2)",
        "import mlflow.models as m\nm.set_model(lambda data: data * 2)",
        "from mlflow.models import set_model\ndef f(data): return data * 2\nset_model(f)",
        "from mlflow.pyfunc import PythonModel\nfrom mlflow.models.model import set_model\n"
        "class M(PythonModel):\n    def predict(self, context, model_input): return model_input * 2\nset_model(M())",
        "import mlflow.pyfunc\nclass M(mlflow.pyfunc.PythonModel):\n    def predict(self, model_input):\n"
        "        import mlflow\n        assert mlflow.models\n        return model_input * 2\n"
        "from mlflow import models\nmodels.set_model(M())",
    ],
)
def test_a_script_is_run_and_sets_its_model(package, script):
    model = fitprint.load_model(package(script))
    assert model.predict(4) == 8
    assert sys.modules["mlflow"] is None


def test_a_script_has_its_artifacts_and_its_config(package, tmp_path):
    folder = package(
        "import mlflow\nfrom mlflow.models import ModelConfig\n"
        "config = ModelConfig(development_config={'a': 'while developing'})\n"
        "class M(mlflow.pyfunc.PythonModel):\n"
        "    def load_context(self, context): self.text = open(context.artifacts['t'], 'rb').read()\n"
        "    def predict(self, context, model_input):\n"
        "        return [config.get('a'), config.to_dict(), context.model_config]\n"
        "mlflow.models.set_model(M())".replace("open(context.artifacts['t'], 'rb').read()", "context.artifacts['t']"),
        config={"a": 1},
        artifacts={"t": {"path": "script.py", "uri": "t"}},
    )
    model = fitprint.load_model(folder, model_config={"a": 2})
    assert model.predict(None) == [2, {"a": 2}, {"a": 2}]
    assert model.unwrap_python_model().text == str(folder / "script.py")


def test_a_script_finds_fitprints_calls_under_mlflows_names(package):
    folder = package(
        "import mlflow\nfrom mlflow.types.schema import ColSpec, Schema\n"
        "from mlflow.models.signature import infer_signature\n"
        "mlflow.models.set_model(lambda data: [ColSpec.__module__, mlflow.load_model.__module__])"
    )
    found = fitprint.load_model(folder).predict(None)
    assert all(name.startswith("fitprint.") for name in found)


def test_classes_of_a_script_can_be_dataclasses(package):
    folder = package(
        "from __future__ import annotations\nimport mlflow\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Answer:\n    value: int\n"
        "mlflow.models.set_model(lambda data: Answer(data).value)"
    )
    assert fitprint.load_model(folder).predict(3) == 3


@pytest.mark.parametrize(
    ("script", "error", "told"),
    [
        ("x = 1", PackageError, "sets no model: it must call mlflow.models.set_model"),
        ("import mlflow\nmlflow.models.set_model(3)", PackageError, "has no method predict"),
        ("import mlflow.langchain", ModuleNotFoundError, "mlflow.langchain: mlflow is not installed"),
        ("raise KeyError('its own')", KeyError, "its own"),
    ],
)
def test_a_script_that_is_no_model(package, script, error, told):
    with pytest.raises(error, match=told):
        fitprint.load_model(package(script))


def test_a_script_outside_of_the_package_is_never_run(package, tmp_path):
    (tmp_path / "outside.py").write_text("raise SystemExit('it was run')")
    folder = package("x = 1", model_code_path=str(tmp_path / "outside.py"))
    with pytest.raises(PackageError, match=r"the file outside\.py that its MLmodel file names is missing"):
        fitprint.load_model(folder)
