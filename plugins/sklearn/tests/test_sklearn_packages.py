"""The files of a package, what its MLmodel says, and that it loads anywhere."""

from __future__ import annotations

import hashlib
import json
import pickletools
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import sklearn
import yaml
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import fitprint

X, y = load_iris(return_X_y=True)
FILES = ["MLmodel", "checksums.json", "conda.yaml", "model.pkl", "python_env.yaml", "requirements.txt"]


@pytest.fixture
def package(recorded):
    """The package of a small model."""
    make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=2)).fit(X, y)
    return fitprint.last_run().model_path


def mlmodel(package):
    return yaml.safe_load((package / "MLmodel").read_text())


def test_a_package_has_the_files_of_mlflows_format(package):
    assert sorted(file.name for file in package.iterdir()) == FILES
    assert package.name == "model"


def test_checksums_are_those_of_every_other_file(package):
    expected = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in package.iterdir()}
    del expected["checksums.json"]
    assert json.loads((package / "checksums.json").read_text()) == expected


def test_mlmodel_names_loader_pickle_and_versions(package):
    document = mlmodel(package)
    python = ".".join(map(str, sys.version_info[:3]))
    assert document["flavors"]["sklearn"] == {
        "code": None,
        "pickled_model": "model.pkl",
        "serialization_format": "pickle",
        "sklearn_version": sklearn.__version__,
    }
    generic = document["flavors"]["python_function"]
    assert generic["loader_module"] == "mlflow.sklearn"
    assert generic["model_path"] == "model.pkl"
    assert generic["predict_fn"] == "predict"
    assert generic["python_version"] == python
    assert generic["env"] == {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    assert document["run_id"] == fitprint.last_run().run_id
    assert document["model_size_bytes"] == (package / "model.pkl").stat().st_size
    assert len(document["model_uuid"]) == 32


def test_requirements_are_pinned_and_only_what_the_model_needs(package):
    lines = (package / "requirements.txt").read_text().splitlines()
    assert lines[0] == "mlflow>=2.8,<4"
    assert set(lines[1:]) == {f"{name}=={version(name)}" for name in ("numpy", "scikit-learn", "scipy")}
    conda = yaml.safe_load((package / "conda.yaml").read_text())
    assert conda["dependencies"][-1] == {"pip": lines}
    assert yaml.safe_load((package / "python_env.yaml").read_text())["dependencies"] == ["-r requirements.txt"]


def names_required():
    lines = (fitprint.last_run().model_path / "requirements.txt").read_text().splitlines()
    return {line.partition("==")[0].partition(">")[0] for line in lines}


@pytest.mark.usefixtures("recorded")
def test_pandas_and_cloudpickle_are_required_only_where_they_are_used():
    DecisionTreeClassifier().fit(load_iris(as_frame=True).data, y)
    assert names_required() == {"mlflow", "numpy", "scikit-learn", "scipy", "pandas"}
    make_pipeline(FunctionTransformer(lambda X: X), DecisionTreeClassifier()).fit(X, y)
    assert names_required() == {"mlflow", "numpy", "scikit-learn", "scipy", "cloudpickle"}
    assert mlmodel(fitprint.last_run().model_path)["flavors"]["sklearn"]["serialization_format"] == "cloudpickle"


def test_pickles_are_of_protocol_5(package):
    assert next(pickletools.genops((package / "model.pkl").read_bytes()))[1] == 5


def test_nothing_in_a_package_names_a_place_of_this_machine(package, tmp_path):
    places = [str(tmp_path), str(Path.home()), sys.prefix, str(Path(__file__).parent)]
    for file in package.iterdir():
        content = file.read_bytes()
        assert not [place for place in places if place.encode() in content], file.name


@pytest.mark.usefixtures("recorded")
def test_a_transformer_has_no_generic_flavor_and_loads_as_itself():
    model = PCA(2).fit(X)
    package = fitprint.last_run().model_path
    assert list(mlmodel(package)["flavors"]) == ["sklearn"]
    assert (fitprint.sklearn.load_model(package).transform(X) == model.transform(X)).all()


def test_without_log_models_there_is_no_package(store):
    fitprint.autolog(strict=True, log_models=False)
    DecisionTreeClassifier().fit(X, y)
    run = fitprint.last_run()
    assert run.models == {}
    assert run.metrics["training_score"] == 1


def test_a_model_over_max_model_size_leaves_a_reason_and_nothing_on_disk(store):
    fitprint.autolog(strict=True, max_model_size="5KB")
    DecisionTreeClassifier().fit(np.random.default_rng(0).random((500, 2)), np.arange(500) % 7)
    run = fitprint.last_run()
    assert run.models == {}
    assert [(skip.what, skip.rule) for skip in run.skipped if skip.what == "model"] == [("model", "max_model_size")]
    assert [path.name for path in run.path.iterdir() if path.is_dir()] == ["artifacts"]
    assert run.metrics["training_score"] > 0


WITHOUT_US = """
    import importlib.abc, pickle, sys

    class Blocked(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in ("fitprint", "fitprint_sklearn", "wrapt"):
                raise ModuleNotFoundError(f"blocked: {name}")

    sys.meta_path.insert(0, Blocked())
    from sklearn.datasets import load_iris
    X, y = load_iris(return_X_y=True)
    for file in sys.argv[1:]:
        with open(file, "rb") as opened:
            print(pickle.load(opened).predict(X).tolist())
"""


def test_pickles_load_where_neither_fitprint_nor_wrapt_can_be_imported(recorded, run_python):
    def local():
        class Local(DecisionTreeClassifier):
            def fit(self, X, y):
                return super().fit(X, y)

        return Local()

    models = [
        LogisticRegression(max_iter=1000),
        local(),
        make_pipeline(FunctionTransformer(lambda X: X * 2), DecisionTreeClassifier()),
    ]
    expected, files = [], []
    for model in models:
        expected.append(model.fit(X, y).predict(X).tolist())
        files.append(fitprint.last_run().model_path / "model.pkl")
    lines = run_python(WITHOUT_US, *files).stdout.splitlines()
    assert [json.loads(line) for line in lines] == expected


def test_a_module_beside_the_script_travels_in_code(run_python, tmp_path, store):
    (tmp_path / "words.py").write_text("SCALE = 3.0\n")
    (tmp_path / "features.py").write_text("from words import SCALE\n\ndef scaled(X):\n    return X * SCALE\n")
    (tmp_path / "unused.py").write_text("raise RuntimeError\n")
    run_python(
        """
        import fitprint
        from features import scaled
        from sklearn.datasets import load_iris
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer
        from sklearn.tree import DecisionTreeClassifier
        fitprint.autolog(strict=True)
        X, y = load_iris(return_X_y=True)
        make_pipeline(FunctionTransformer(scaled), DecisionTreeClassifier(random_state=0)).fit(X, y)
        """
    )
    (run,) = fitprint.runs()
    code = run.model_path / "code"
    assert sorted(file.name for file in code.iterdir()) == ["features.py", "words.py"]
    flavors = mlmodel(run.model_path)["flavors"]
    assert flavors["sklearn"]["code"] == flavors["python_function"]["code"] == "code"
    assert flavors["sklearn"]["serialization_format"] == "pickle"
    elsewhere = tmp_path / "elsewhere"
    shutil.move(run.model_path, elsewhere)
    for name in ("features.py", "words.py"):
        (tmp_path / name).unlink()
    done = run_python(
        """
        import sys
        import fitprint
        from sklearn.datasets import load_iris
        X, y = load_iris(return_X_y=True)
        assert (fitprint.load_model(sys.argv[1]).predict(X) == y).all()
        print(sys.modules["features"].__file__)
        """,
        elsewhere,
    )
    assert done.stdout.strip() == str(elsewhere / "code" / "features.py")


@pytest.mark.usefixtures("recorded")
def test_a_fit_after_a_fit_leaves_a_package_of_each_state():
    model = DecisionTreeClassifier(max_depth=1).fit(X, y)
    model.set_params(max_depth=3).fit(X, y)
    deep, shallow = (fitprint.load_model(run.model_path).unwrap().get_depth() for run in fitprint.runs())
    assert (shallow, deep) == (1, 3)
    assert fitprint.run_of(model).params["max_depth"] == 3
