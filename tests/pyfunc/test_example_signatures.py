"""Lists, dicts and scalars as input examples give the inputs that MLflow 3.17 gives them, and none costs the model."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import fitprint
from fitprint.models import mlmodel
from fitprint.pyfunc import PythonModel


class Echo(PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input


class Shouts(PythonModel):
    """Takes a DataFrame, which MLflow makes of an example that is none."""

    def predict(self, context, model_input, params=None):
        return model_input["text"].str.upper()


TEXT = [{"type": "string", "name": "text", "required": True}]
TEXTS = [{"type": "array", "items": {"type": "string"}, "name": "text", "required": True}]
EXAMPLES = [
    ([{"text": "a"}, {"text": "b"}], TEXT),
    ({"text": "a"}, TEXT),
    ({"text": ["a", "b"]}, TEXTS),
    ({"n": 1.5}, [{"type": "double", "name": "n", "required": True}]),
    ({"n": np.float64(1.5)}, [{"type": "double", "name": "n", "required": True}]),
    ({"n": [1, 2]}, [{"type": "array", "items": {"type": "long"}, "name": "n", "required": True}]),
    ([{"n": 1}, {"n": 2}], [{"type": "long", "name": "n", "required": True}]),
    (["a", "b"], [{"type": "string", "required": True}]),
    ([1, 2], [{"type": "long", "required": True}]),
    ("hello", [{"type": "string", "required": True}]),
    (3.5, [{"type": "double", "required": True}]),
]


def inputs_of(folder):
    signature = mlmodel.read(folder).get("signature")
    return json.loads(signature["inputs"]) if signature and signature["inputs"] else None


@pytest.mark.parametrize(("example", "inputs"), EXAMPLES, ids=repr)
def test_what_json_holds_gets_the_inputs_that_mlflow_gives_it(saved, example, inputs):
    folder = saved(Echo(), input_example=example)
    assert inputs_of(folder) == inputs
    assert mlmodel.read(folder)["saved_input_example_info"]["type"] == "json_object"


@pytest.mark.parametrize("example", [[{"text": "a"}, {"text": "b"}], {"text": "a"}])
def test_a_model_of_tables_predicts_such_an_example_as_a_table(saved, example):
    folder = saved(Shouts(), input_example=example)
    assert inputs_of(folder) == TEXT
    assert fitprint.load_model(folder).predict(example).iloc[0] == "A"


@pytest.mark.parametrize("example", [{"n": 1.5}, ["a"], pd.DataFrame({"other": [1]}), np.eye(2)], ids=repr)
def test_an_example_that_the_model_cannot_predict_is_kept_and_told(saved, caplog, example):
    folder = saved(Shouts(), input_example=example)
    assert (folder / "input_example.json").is_file()
    assert mlmodel.read(folder).get("signature") is None
    told = [message for message in caplog.messages if "the model cannot predict the input example" in message]
    assert len(told) == 1
    assert fitprint.load_model(folder).predict(pd.DataFrame({"text": ["a"]})).tolist() == ["A"]


def test_a_row_given_as_a_dict_may_hold_a_time(saved):
    class Columns(PythonModel):
        def predict(self, context, model_input, params=None):
            return list(model_input.columns)

    row = {"a": 1.5, "when": pd.Timestamp("2024-01-01"), "gone": None}
    frame = pd.DataFrame([row]).astype({"gone": object})
    loaded = fitprint.load_model(saved(Columns(), signature=fitprint.infer_signature(frame)))
    assert loaded.predict(row) == ["a", "when", "gone"]


def test_what_a_user_writes_may_return_any_number_of_predictions(saved):
    class Counts(PythonModel):
        def predict(self, context, model_input, params=None):
            return [len(model_input)]

    folder = saved(Counts(), input_example=pd.DataFrame({"a": [1.0, 2.0]}))
    assert fitprint.load_model(folder).predict(pd.DataFrame({"a": [1.0, 2.0, 3.0]})) == [3]
