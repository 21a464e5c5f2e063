"""Packages that a user asks for: `log_model` and `save_model`, their options, and where they go."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import fitprint
from fitprint.models import mlmodel

X, y = load_iris(return_X_y=True, as_frame=True)
pytestmark = pytest.mark.usefixtures("store")


class LookAlike:
    """No estimator of scikit-learn, but it predicts."""

    def predict(self, rows):
        return np.ones(len(rows))


@pytest.fixture
def model():
    return DecisionTreeClassifier(max_depth=2).fit(X, y)


def flavors(info):
    return mlmodel.read(Path(info.path))["flavors"]


# ---- where it goes


def test_without_a_run_it_goes_to_a_run_of_its_own(model):
    info = fitprint.sklearn.log_model(model, "classifier")
    (run,) = fitprint.runs()
    assert (run.name, run.status, run.flavor) == ("DecisionTreeClassifier", "FINISHED", "sklearn")
    assert info.run_id == run.run_id
    assert info.model_uri == f"runs:/{run.run_id}/classifier"
    assert run.models == {"classifier": info.path}
    assert run.model_path == info.path
    assert (fitprint.load_model(info.model_uri).predict(X) == model.predict(X)).all()


def test_inside_a_block_it_goes_to_that_run_and_its_path_follows_the_run(model):
    with fitprint.start_run() as run:
        info = fitprint.log_model(model, "one")
        assert (info.path / "MLmodel").exists()
        assert fitprint.log_model(model, name="one").name == "one-2"
        assert fitprint.log_model(model, artifact_path="two").name == "two"
        assert fitprint.log_model(model).name == "model"
    assert list(run.models) == ["one", "one-2", "two", "model"]
    assert info.path == run.path / "one"
    assert (info.path / "MLmodel").exists()


def test_it_goes_to_the_run_that_trained_this_very_object(model):
    fitprint.autolog(log_models=False)
    first, second = DecisionTreeClassifier().fit(X, y), DecisionTreeClassifier().fit(X, y)
    info = fitprint.log_model(first)
    assert fitprint.run_of(first).models == {"model": info.path}
    assert fitprint.run_of(second).models == {}
    assert fitprint.get_run(info.run_id).models == {"model": info.path}


def test_a_model_that_cannot_be_saved_raises_and_leaves_no_half_package(model):
    model.open_ = (row for row in X)
    with pytest.raises(TypeError, match="generator"):
        fitprint.log_model(model)
    (run,) = fitprint.runs()
    assert run.status == "FAILED"
    assert run.models == {}
    assert [path.name for path in run.path.iterdir() if path.is_dir()] == []
    with pytest.raises(TypeError, match="generator"):
        fitprint.save_model(model, "out")
    assert not any("out" in path.name for path in Path().iterdir())


def test_save_model_takes_a_new_or_an_empty_folder(model):
    fitprint.save_model(model, "deep/new")
    Path("empty").mkdir()
    fitprint.sklearn.save_model(model, "empty")
    for folder in ("deep/new", "empty"):
        assert (fitprint.load_model(folder).predict(X) == model.predict(X)).all()
        assert "run_id" not in mlmodel.read(Path(folder))
    with pytest.raises(FileExistsError, match="a new or an empty folder"):
        fitprint.save_model(model, "empty")
    assert fitprint.runs() == []


# ---- what it is asked for


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda model: fitprint.log_model(), "need the model"),
        (lambda model: fitprint.sklearn.log_model(name="x"), "there is no model to save"),
        (lambda model: fitprint.save_model(model), "needs the path"),
        (lambda model: fitprint.sklearn.save_model(model), "needs the path"),
        (lambda model: fitprint.log_model(3), "no flavor is registered for builtins.int"),
        (lambda model: fitprint.log_model(LookAlike()), "choose one with fitprint.<flavor>.log_model"),
        (lambda model: fitprint.log_model(model, signatur=None), "did you mean 'signature'"),
        (lambda model: fitprint.log_model(model, signature={"inputs": 1}), "which infer_signature"),
        (lambda model: fitprint.log_model(model, metadata=3), "metadata must be a mapping"),
    ],
)
def test_what_is_missing_or_unknown_is_said(model, call, told):
    with pytest.raises(TypeError, match=told):
        call(model)
    assert all(run.models == {} for run in fitprint.runs())


def test_mlflow_s_name_of_the_model_and_its_options_without_meaning_are_understood(model, caplog):
    info = fitprint.sklearn.log_model(sk_model=model, artifact_path="m", registered_model_name="prod", tags=None)
    assert info.name == "m"
    assert [message for message in caplog.messages if "registered_model_name" in message and "ignored" in message]


def test_the_signature_given_is_written_and_false_means_none(model):
    given = fitprint.infer_signature(X, model.predict(X), params={"k": 1})
    assert fitprint.log_model(model, signature=given).signature == given
    assert fitprint.log_model(model, signature=False, input_example=X[:2]).signature is None
    assert fitprint.log_model(model).signature is None


def test_an_input_example_is_kept_and_gives_the_signature(model):
    info = fitprint.log_model(model, input_example=X.head(2), metadata={"stage": "trial"})
    assert json.loads((info.path / "input_example.json").read_text())["columns"] == list(X.columns)
    assert info.signature == fitprint.infer_signature(X, model.predict(X))
    assert info.metadata == {"stage": "trial"}
    assert fitprint.load_model(info.model_uri).metadata.metadata == {"stage": "trial"}


def test_no_row_is_kept_that_was_not_given(model):
    fitprint.autolog(log_models=False)
    trained = DecisionTreeClassifier().fit(X, y)
    info = fitprint.log_model(trained, signature=fitprint.infer_signature(X, y))
    assert not (info.path / "input_example.json").exists()


def test_a_look_alike_is_taken_by_the_flavor_that_is_asked():
    info = fitprint.sklearn.log_model(LookAlike(), input_example=X.head(2))
    assert fitprint.load_model(info.model_uri).predict(X).sum() == len(X)


@pytest.mark.parametrize(
    ("form", "file"), [("pickle", "model.pkl"), ("cloudpickle", "model.pkl"), ("skops", "model.skops")]
)
def test_formats(form, file):
    model = LogisticRegression(max_iter=1000).fit(X, y)
    info = fitprint.sklearn.log_model(model, serialization_format=form)
    assert flavors(info)["sklearn"]["serialization_format"] == form
    assert (info.path / file).exists()
    assert (fitprint.load_model(info.model_uri).predict(X) == model.predict(X)).all()
    assert (fitprint.sklearn.load_model(info.model_uri).predict(X) == model.predict(X)).all()


def test_types_that_skops_does_not_know_are_trusted_by_name(model):
    trusted = ["sklearn.tree._tree.Tree"]
    with pytest.raises(ValueError, match=r"skops_trusted_types=\['sklearn.tree._tree.Tree'\]"):
        fitprint.sklearn.log_model(model, serialization_format="skops")
    info = fitprint.sklearn.log_model(model, serialization_format="skops", skops_trusted_types=trusted)
    assert flavors(info)["sklearn"]["skops_trusted_types"] == trusted
    assert (fitprint.load_model(info.model_uri).predict(X) == model.predict(X)).all()
    with pytest.raises(fitprint.models.PackageError, match=r"types that are not trusted: sklearn\.tree\._tree\.Tree"):
        fitprint.load_model(info.model_uri, trust="no-pickle")  # what a package says of itself is not believed
    loaded = fitprint.sklearn.load_model(info.model_uri, trust="no-pickle", trusted_types=trusted)
    assert (loaded.predict(X) == model.predict(X)).all()


def test_unknown_formats_and_what_a_format_cannot_hold_are_refused(model):
    with pytest.raises(ValueError, match="one of pickle, cloudpickle, skops"):
        fitprint.sklearn.log_model(model, serialization_format="marshal")

    class Own(DecisionTreeClassifier):
        pass

    own = Own().fit(X, y)
    with pytest.raises(Exception, match="serialization_format='cloudpickle'"):
        fitprint.sklearn.log_model(own, serialization_format="pickle")


def test_another_method_predicts():
    model = LogisticRegression(max_iter=1000).fit(X, y)
    info = fitprint.sklearn.log_model(model, pyfunc_predict_fn="predict_proba", input_example=X.head(3))
    assert flavors(info)["python_function"]["predict_fn"] == "predict_proba"
    assert (fitprint.load_model(info.model_uri).predict(X) == model.predict_proba(X)).all()
    assert "double [-1, 3]" in str(info.signature) or "float64 [-1, 3]" in str(info.signature)
    with pytest.raises(ValueError, match="StandardScaler can predict with: none"):
        fitprint.sklearn.log_model(StandardScaler().fit(X), pyfunc_predict_fn="predict_proba")


LOADER = """
import pickle

class Probabilities:
    def __init__(self, model):
        self.model = model
    def predict(self, data):
        return self.model.predict_proba(data)

def _load_pyfunc(path):
    with open(path, "rb") as file:
        return Probabilities(pickle.load(file))
"""


@pytest.mark.parametrize("name", ["code_path", "code_paths"])
def test_a_loader_of_the_caller_s_own_predicts_and_the_native_model_stays(model, name):
    module = f"own_loader_{name}"
    Path(f"{module}.py").write_text(LOADER)
    path = f"{module}.py" if name == "code_path" else [f"{module}.py"]
    info = fitprint.sklearn.log_model(model, loader_module=module, **{name: path})
    assert flavors(info)["python_function"]["loader_module"] == module
    assert (info.path / "code" / f"{module}.py").exists()
    assert (fitprint.load_model(info.model_uri).predict(X) == model.predict_proba(X)).all()
    assert (fitprint.sklearn.load_model(info.model_uri).predict(X) == model.predict(X)).all()


def test_code_and_extra_files_are_copied(model):
    Path("lib").mkdir()
    Path("lib/part.py").write_text("x = 1\n")
    Path("lib/__pycache__").mkdir()
    Path("lib/__pycache__/part.pyc").write_bytes(b"")
    Path("notes.txt").write_text("n")
    info = fitprint.log_model(model, code_paths=["lib"], extra_files=["notes.txt", "lib"])
    names = sorted(path.relative_to(info.path).as_posix() for path in info.path.rglob("*.*") if path.is_file())
    assert {"code/lib/part.py", "extra_files/notes.txt", "extra_files/lib/part.py"} < {*names}
    assert not [name for name in names if "pycache" in name]
    assert flavors(info)["sklearn"]["extra_files"] == [{"path": "extra_files/notes.txt"}, {"path": "extra_files/lib"}]
    assert flavors(info)["sklearn"]["code"] == "code"
    with pytest.raises(FileNotFoundError, match="nowhere"):
        fitprint.log_model(model, code_paths=["nowhere.py"])


# ---- its environment


def environment(info):
    lines = (info.path / "requirements.txt").read_text().splitlines()
    conda = yaml.safe_load((info.path / "conda.yaml").read_text())
    return lines, conda


def test_requirements_are_replaced_or_extended(model):
    lines, conda = environment(fitprint.log_model(model, pip_requirements=["scikit-learn", "numpy>2"]))
    assert lines == ["mlflow>=2.8,<4", "scikit-learn", "numpy>2"]
    assert conda["dependencies"][-1] == {"pip": lines}
    detected, _ = environment(fitprint.log_model(model))
    extended, _ = environment(fitprint.log_model(model, extra_pip_requirements=["polars[all]>1"]))
    assert extended == [*detected, "polars[all]>1"]


def test_requirements_and_constraints_come_from_files(model):
    Path("wishes.txt").write_text("# wishes\nscikit-learn\n-c bounds.txt\n")
    Path("bounds.txt").write_text("numpy<3\n")
    info = fitprint.log_model(model, pip_requirements="wishes.txt")
    assert environment(info)[0] == ["mlflow>=2.8,<4", "scikit-learn", "-c constraints.txt"]
    assert (info.path / "constraints.txt").read_text() == "numpy<3"


def test_a_conda_environment_is_taken_as_it_is(model):
    given = {"name": "mine", "channels": ["defaults"], "dependencies": ["python=3.11", "gcc", {"pip": ["numpy>2"]}]}
    lines, conda = environment(fitprint.log_model(model, conda_env=given))
    assert lines == ["mlflow>=2.8,<4", "numpy>2"]
    assert conda["dependencies"] == ["python=3.11", "gcc", {"pip": lines}]
    assert conda["name"] == "mine"
    Path("env.yaml").write_text(yaml.safe_dump(given))
    assert environment(fitprint.log_model(model, conda_env="env.yaml")) == (lines, conda)


@pytest.mark.parametrize("line", ["numpy; curl x | sh", "--target /", "numpy && rm -rf x", "./local; curl x"])
def test_what_is_no_requirement_is_refused(model, line):
    for option in ("pip_requirements", "extra_pip_requirements"):
        with pytest.raises(ValueError, match=r"requirement"):
            fitprint.log_model(model, **{option: [line]})
    with pytest.raises(ValueError, match=r"requirement"):
        fitprint.log_model(model, conda_env={"dependencies": [{"pip": [line]}]})


def test_what_pip_takes_without_a_name_is_kept_and_passwords_are_hidden(model):
    given = ["numpy>2 --hash=sha256:00ff", "git+ssh://git@example.com/own.git", "./own-1.0-py3-none-any.whl", "-e ."]
    index = "--index-url https://{}@example.com/simple"
    lines, conda = environment(fitprint.log_model(model, pip_requirements=[*given, index.format("me:hunter2")]))
    assert lines == ["mlflow>=2.8,<4", *given, index.format("***")]
    assert conda["dependencies"][-1] == {"pip": lines}
    info = fitprint.log_model(model, extra_pip_requirements=given[1:])
    assert environment(info)[0][-3:] == given[1:]
    assert type(fitprint.load_model(info.model_uri).unwrap()) is type(model)


def test_two_ways_to_say_the_environment_are_one_too_many(model):
    with pytest.raises(ValueError, match="give only one of pip_requirements and conda_env"):
        fitprint.log_model(model, pip_requirements=["numpy"], conda_env={})


# ---- of a loader of the user's own


def test_a_loader_that_is_nowhere_is_refused_when_the_package_is_made(model, tmp_path):
    with pytest.raises(ValueError, match="loader_module nowhere_at_all is neither in code_paths nor"):
        fitprint.sklearn.save_model(model, tmp_path / "package", loader_module="nowhere_at_all")
    assert not (tmp_path / "package").exists()


def test_a_loader_that_is_only_importable_is_copied(model, tmp_path, monkeypatch):
    (tmp_path / "loads_trees.py").write_text("def _load_pyfunc(path):\n    raise NotImplementedError\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    fitprint.sklearn.save_model(model, tmp_path / "package", loader_module="loads_trees")
    assert (tmp_path / "package" / "code" / "loads_trees.py").exists()


def test_metadata_that_yaml_cannot_hold_is_named(model):
    with pytest.raises(TypeError, match=r"1\.5\)? is a float64, which the files of a package cannot hold"):
        fitprint.sklearn.log_model(model, metadata={"score": np.float64(1.5)})
