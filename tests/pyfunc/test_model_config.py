"""The config of a model: stored with it, seen by it, changed by who loads it."""

from __future__ import annotations

import pytest

import fitprint
from fitprint.pyfunc import PythonModel


@pytest.fixture
def configured(saved):
    """A package whose model predicts its config."""

    class Telling(PythonModel):
        def load_context(self, context):
            self.loaded_with = context.model_config

        def predict(self, context, model_input):
            assert context.model_config == self.loaded_with
            return self.loaded_with

    return lambda config: saved(Telling(), model_config=config)


def test_the_stored_config_is_what_the_model_sees(configured):
    model = fitprint.load_model(configured({"alpha": 0.1, "names": ["x"]}))
    assert model.predict(None) == {"alpha": 0.1, "names": ["x"]}
    assert model.model_config == {"alpha": 0.1, "names": ["x"]}


def test_a_model_without_a_config_sees_none(configured):
    model = fitprint.load_model(configured(None))
    assert model.predict(None) is None
    assert model.model_config == {}


def test_who_loads_it_changes_what_it_has_and_nothing_else(configured, caplog):
    folder = configured({"alpha": 0.1, "beta": 2})
    model = fitprint.load_model(folder, model_config={"alpha": 5, "gamma": 6})
    assert model.predict(None) == {"alpha": 5, "beta": 2}
    assert model.model_config == {"alpha": 5, "beta": 2}
    assert "these keys are not in the model's config and are ignored: gamma; it has: alpha, beta" in caplog.text
    assert fitprint.load_model(folder).predict(None) == {"alpha": 0.1, "beta": 2}


def test_changes_to_no_config_are_told(configured, caplog):
    assert fitprint.load_model(configured(None), model_config={"alpha": 5}).predict(None) is None
    assert "ignored: alpha; it has no config" in caplog.text


def test_the_environment_changes_it_and_the_argument_wins(configured, monkeypatch):
    folder = configured({"alpha": 0.1, "beta": 2})
    monkeypatch.setenv("MLFLOW_PYFUNC_INFERENCE_CONFIG", '{"alpha": 7, "beta": 8}')
    assert fitprint.load_model(folder, model_config={"beta": 9}).predict(None) == {"alpha": 7, "beta": 9}


@pytest.mark.parametrize("text", ["[1]", "{", "word"])
def test_an_environment_that_is_no_config_is_refused(configured, monkeypatch, text):
    folder = configured({"alpha": 0.1})
    monkeypatch.setenv("MLFLOW_PYFUNC_INFERENCE_CONFIG", text)
    with pytest.raises(ValueError, match="MLFLOW_PYFUNC_INFERENCE_CONFIG is not a JSON object"):
        fitprint.load_model(folder)


def test_a_config_may_be_a_file(configured, tmp_path):
    (tmp_path / "config.yaml").write_text("alpha: 3\nbeta: [1, 2]\n")
    (tmp_path / "changed.yaml").write_text("alpha: 4\n")
    folder = configured(tmp_path / "config.yaml")
    assert fitprint.load_model(folder, model_config=str(tmp_path / "changed.yaml")).predict(None) == {
        "alpha": 4,
        "beta": [1, 2],
    }


def test_a_config_that_is_no_mapping_is_refused(configured):
    with pytest.raises(TypeError, match="model_config must be a mapping or the path of a YAML file"):
        configured([1, 2])
