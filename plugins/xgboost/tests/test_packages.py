"""Packages: what is written, what is read, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost
import yaml

import fitprint
from fitprint._instrumentation import registry
from fitprint.models.errors import PackageError
from fitprint.models.package import Package
from fitprint.plugin import SaveContext
from fitprint_xgboost import XGBoostFlavor

FIXTURES = Path(__file__).parent / "fixtures"
PARAMS = {"objective": "binary:logistic", "nthread": 1}
IRIS = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]


@pytest.fixture
def booster(frames):
    return xgboost.train(PARAMS, xgboost.DMatrix(frames.X, frames.y), 30)


def document(package):
    return yaml.safe_load((package / "MLmodel").read_text())


def test_a_booster_loads_elsewhere(recorded, frames, load_elsewhere):
    booster = xgboost.train(PARAMS, xgboost.DMatrix(frames.X, frames.y), 5)
    package = fitprint.last_run().model_path
    found = document(package)["flavors"]
    assert found["xgboost"] == {
        "code": None,
        "data": "model.ubj",
        "model_class": "xgboost.core.Booster",
        "model_format": "ubj",
        "xgb_version": xgboost.__version__,
    }
    assert found["python_function"]["loader_module"] == "mlflow.xgboost"
    assert found["python_function"]["data"] == "model.ubj"
    expected = booster.predict(xgboost.DMatrix(frames.X_test))
    np.testing.assert_array_equal(load_elsewhere(package, frames.X_test), expected)


@pytest.mark.parametrize("name", ["XGBClassifier", "XGBRegressor", "XGBRFClassifier"])
def test_an_estimator_loads_elsewhere(recorded, frames, load_elsewhere, name):
    model = getattr(xgboost, name)(n_estimators=5, n_jobs=1).fit(frames.X, frames.y)
    package = fitprint.last_run().model_path
    assert document(package)["flavors"]["xgboost"]["model_class"] == f"xgboost.sklearn.{name}"
    np.testing.assert_array_equal(load_elsewhere(package, frames.X_test), model.predict(frames.X_test))
    assert type(fitprint.xgboost.load_model(package)) is getattr(xgboost, name)


def test_what_it_needs(recorded, frames):
    xgboost.train(PARAMS, xgboost.DMatrix(frames.X, frames.y), 2)
    brings_xgboost = registry.entries()["xgboost"].flavor().requirements(None)[0]

    def needed():
        lines = (fitprint.last_run().model_path / "requirements.txt").read_text().split()
        return [line.partition("==")[0] for line in lines[1:]]

    assert brings_xgboost in ("xgboost", "xgboost-cpu")
    assert needed() == sorted(["numpy", "pandas", "scipy", brings_xgboost])
    xgboost.XGBRegressor(n_estimators=2).fit(frames.X, frames.y)
    assert needed() == sorted(["numpy", "pandas", "scikit-learn", "scipy", brings_xgboost])


SUBCLASS = """
    import fitprint, numpy as np, pandas as pd, xgboost
    class Shifted(xgboost.XGBRegressor):
        def fit(self, X, y, **options):
            self.shift_ = float(y.mean())
            return super().fit(X, y - self.shift_, **options)
        def predict(self, X, **options):
            return super().predict(X, **options) + self.shift_
    fitprint.autolog(strict=True, quiet=True)
    X = pd.read_pickle("data")
    model = Shifted(n_estimators=4, n_jobs=1).fit(X, X.iloc[:, 0] * 3)
    np.save("expected.npy", model.predict(X))
    print(fitprint.last_run().model_path)
"""


@pytest.fixture
def subclass_package(store, frames, run_python, tmp_path):
    """The package of a class that lives in a script, with state that xgboost's format does not hold."""
    frames.X.to_pickle(tmp_path / "data")
    package = Path(run_python(SUBCLASS).stdout.strip())
    return package, np.load(tmp_path / "expected.npy")


def test_a_subclass_with_state_is_pickled_for_scikit_learns_loaders(subclass_package, frames, load_elsewhere):
    package, expected = subclass_package
    found = document(package)["flavors"]
    assert set(found) == {"sklearn", "python_function"}
    assert found["sklearn"]["pickled_model"] == "model.pkl"
    assert found["sklearn"]["serialization_format"] == "cloudpickle"
    assert found["python_function"]["loader_module"] == "mlflow.sklearn"
    assert found["python_function"]["model_path"] == "model.pkl"
    np.testing.assert_array_equal(load_elsewhere(package, frames.X), expected)


def test_the_flavor_itself_reads_the_pickle_unless_pickles_are_refused(subclass_package, frames, run_python):
    package, _ = subclass_package
    assert document(package)["fitprint_flavor"] == "xgboost"
    script = """
        import sys, fitprint, numpy as np, pandas as pd
        from fitprint._instrumentation import registry
        from fitprint.models import PackageError
        del registry.known_flavors()["sklearn"]  # as if its plugin was not installed
        assert "sklearn" not in registry.entries()
        for model in (fitprint.load_model(sys.argv[1]).unwrap(), fitprint.xgboost.load_model(sys.argv[1])):
            assert (model.predict(pd.read_pickle("data")) == np.load("expected.npy")).all()
        try:
            fitprint.load_model(sys.argv[1], trust="no-pickle")
        except PackageError as error:
            print(error)
    """
    assert "its model is a pickle" in run_python(script, package).stdout


def test_another_value_for_missing_ones_is_kept(recorded, frames):
    """xgboost's own format drops it: the model would then predict something else."""
    X = frames.X.mask(frames.X.gt(frames.X.median()), -1.0)
    model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1, missing=-1.0).fit(X, frames.y)
    package = fitprint.last_run().model_path
    assert "sklearn" in document(package)["flavors"]
    loaded = fitprint.load_model(package)
    assert loaded.unwrap().missing == -1.0
    assert (loaded.unwrap().predict_proba(X) == model.predict_proba(X)).all()


@pytest.mark.mlflow
def test_stock_mlflow_loads_a_booster(recorded, frames, load_elsewhere, mlflow_python):
    booster = xgboost.train(PARAMS, xgboost.DMatrix(frames.X, frames.y), 5)
    predicted = load_elsewhere(fitprint.last_run().model_path, frames.X_test, mlflow_python)
    np.testing.assert_allclose(predicted, booster.predict(xgboost.DMatrix(frames.X_test)), rtol=1e-6)


@pytest.mark.mlflow
@pytest.mark.parametrize("name", ["XGBClassifier", "XGBRegressor", "XGBRFRegressor"])
def test_stock_mlflow_loads_an_estimator(recorded, frames, load_elsewhere, mlflow_python, name):
    model = getattr(xgboost, name)(n_estimators=5, n_jobs=1).fit(frames.X, frames.y)
    predicted = load_elsewhere(fitprint.last_run().model_path, frames.X_test, mlflow_python)
    np.testing.assert_allclose(predicted, model.predict(frames.X_test), rtol=1e-6)


@pytest.mark.mlflow
def test_stock_mlflow_predicts_categories_as_the_model_does(recorded, frames, load_elsewhere, mlflow_python):
    X = frames.X.assign(kind=pd.Categorical(np.where(frames.y > 0, "a", "b")))
    model = xgboost.XGBClassifier(n_estimators=5, n_jobs=1, enable_categorical=True).fit(X, frames.y)
    package = fitprint.last_run().model_path
    assert "fitprint_inputs" in document(package)
    np.testing.assert_array_equal(load_elsewhere(package, X, mlflow_python), model.predict(X))


@pytest.mark.mlflow
def test_stock_mlflow_loads_a_subclass(subclass_package, frames, load_elsewhere, mlflow_python):
    package, expected = subclass_package
    np.testing.assert_allclose(load_elsewhere(package, frames.X, mlflow_python), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["booster", "classifier"])
@pytest.mark.newest
def test_what_mlflow_wrote_is_read(name):
    data = pd.DataFrame([[5.1, 3.5, 1.4, 0.2], [4.9, 3.0, 1.4, 0.2]], columns=IRIS)
    loaded = fitprint.load_model(FIXTURES / name)
    predicted = loaded.predict(data)
    assert predicted.shape == ((2, 3) if name == "booster" else (2,))
    assert (predicted.argmax(axis=1) if name == "booster" else predicted).tolist() == [0, 0]


@pytest.fixture
def flavor():
    return XGBoostFlavor()


@pytest.mark.parametrize(("file", "form"), [("xgb", "ubj"), ("xgb", "json"), ("json", "json"), ("ubj", "ubj")])
def test_files_of_earlier_versions(flavor, booster, frames, tmp_path, file, form):
    file = f"model.{file}"
    (tmp_path / file).write_bytes(booster.save_raw(form))
    loaded = flavor.load(tmp_path, {"data": file, "xgb_version": "1.0"})  # without a class: a booster
    assert type(loaded) is xgboost.Booster
    np.testing.assert_array_equal(flavor.predict(loaded, frames.X), flavor.predict(booster, frames.X))


def test_a_short_class_path(flavor, frames, tmp_path):
    model = xgboost.XGBClassifier(n_estimators=2).fit(frames.X, frames.y)
    model.save_model(tmp_path / "model.json")
    loaded = flavor.load(tmp_path, {"data": "model.json", "model_class": "xgboost.XGBClassifier"})
    assert (loaded.predict(frames.X) == model.predict(frames.X)).all()


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "antigravity.Booster",
        "xgboost_evil.Booster",
        "xgboost.core.ctypes",
        "xgboost.core.ctypes.CDLL",
        "xgboost.core.DMatrix",
        "xgboost.core.XGBoostError",
        "xgboost.no_such_module.Booster",
        "xgboost.core.",
        "Booster",
        ".Booster",
        "xgboost..Booster",
    ],
)
def test_a_class_that_is_no_model_is_refused(flavor, booster, tmp_path, name):
    booster.save_model(tmp_path / "model.ubj")
    with pytest.raises(PackageError) as caught:
        flavor.load(tmp_path, {"data": "model.ubj", "model_class": name})
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", ["../model.ubj", "/etc/passwd", None, 3, "missing.ubj", "link.ubj"])
def test_a_file_outside_of_the_package_is_refused(flavor, booster, tmp_path, data):
    booster.save_model(tmp_path / "model.ubj")
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "link.ubj").symlink_to(tmp_path / "model.ubj")
    with pytest.raises(PackageError):
        flavor.load(folder, {"data": data})


@pytest.mark.parametrize("file", ["model.ubj", "model.json", "model.xgb"])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"binf" + bytes(300), "half"])
def test_a_broken_file_is_refused(flavor, booster, tmp_path, file, content):
    whole = booster.save_raw("json" if file == "model.json" else "ubj")
    (tmp_path / file).write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(PackageError, match="cannot be loaded") as caught:
        flavor.load(tmp_path, {"data": file})
    assert "\n" not in str(caught.value)


def test_another_kind_of_estimator_is_refused(flavor, frames, tmp_path):
    xgboost.XGBRegressor(n_estimators=2).fit(frames.X, frames.y).save_model(tmp_path / "model.ubj")
    with pytest.raises(PackageError, match="cannot be loaded: TypeError"):
        flavor.load(tmp_path, {"data": "model.ubj", "model_class": "xgboost.sklearn.XGBClassifier"})


@pytest.mark.newest
def test_no_fixture_is_written_to(tmp_path):
    copy = shutil.copytree(FIXTURES / "booster", tmp_path / "booster")
    fitprint.load_model(copy)
    assert {path.name for path in copy.iterdir()} == {path.name for path in (FIXTURES / "booster").iterdir()}


@pytest.mark.parametrize("params", [PARAMS, {"booster": "gblinear"}, {"objective": "multi:softprob", "num_class": 3}])
@pytest.mark.parametrize("rounds", [0, 1, 7, 30, 301])
def test_the_size_is_estimated(flavor, frames, tmp_path, params, rounds):
    label = np.arange(len(frames.y)) % params.get("num_class", 2)
    booster = xgboost.train({"nthread": 1, **params}, xgboost.DMatrix(frames.X, label), rounds)
    package = Package(tmp_path / "package")
    flavor.save(booster, package, SaveContext())
    package.settle()
    assert flavor.size(booster) == pytest.approx(package.size, rel=0.1)


# ---- of files that XGBoost wrote


@pytest.mark.parametrize("form", ["ubj", "json"])
def test_a_bare_file_becomes_a_package_of_the_class_that_wrote_it_without_trust(frames, tmp_path, booster, form):
    classifier = xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(frames.X, frames.y)
    written = {"classifier": classifier, "booster": booster}
    for name, model in written.items():
        model.save_model(tmp_path / f"{name}.{form}")
        fitprint.package_model(tmp_path / f"{name}.{form}", tmp_path / name, "xgboost", data=frames.X)
        assert document(tmp_path / name)["flavors"]["xgboost"]["data"] == f"model.{form}"
        loaded = fitprint.load_model(tmp_path / name, trust="no-pickle")
        assert type(loaded.unwrap()) is type(model)
        rows = frames.X if name == "classifier" else xgboost.DMatrix(frames.X)
        np.testing.assert_array_equal(loaded.predict(frames.X), model.predict(rows))
        assert loaded.metadata.signature.inputs.input_names() == list(frames.X.columns)


def test_a_file_that_xgboost_did_not_write_is_one_clear_error(tmp_path):
    (tmp_path / "junk.ubj").write_bytes(b"junk")
    with pytest.raises(PackageError, match=r"junk\.ubj cannot be loaded"):
        fitprint.package_model(tmp_path / "junk.ubj", tmp_path / "package", "xgboost")
