"""The signature of a function, or of a python model, is what its type hints say: as in MLflow 3.17, byte for byte."""

from __future__ import annotations

import datetime
import json
import typing
from typing import Any, Optional

import numpy as np
import pandas as pd
import pydantic
import pytest

import fitprint
from fitprint.models import SchemaError, mlmodel
from fitprint.pyfunc import PythonModel


class Person(pydantic.BaseModel):
    name: str
    age: Optional[int] = None  # noqa: UP045  MLflow accepts both forms
    scores: list[float] = []


STRING = {"type": "string"}
PERSON = {
    "type": "object",
    "properties": {
        "age": {"type": "long", "required": False},
        "name": {"type": "string", "required": True},
        "scores": {"type": "array", "items": {"type": "double"}, "required": True},
    },
}
HINTS = {  # to the types of inputs and outputs in what MLflow 3.17 writes
    "texts": (list[str], list[str], STRING, STRING),
    "old style": (typing.List[str], typing.List[str], STRING, STRING),  # noqa: UP006
    "numbers": (list[int], list[float], {"type": "long"}, {"type": "double"}),
    "dicts": (list[dict[str, str]], list[str], {"type": "map", "values": STRING}, STRING),
    "nested": (
        list[dict[str, list[int]]],
        int,
        {"type": "map", "values": {"type": "array", "items": {"type": "long"}}},
        {"type": "long"},
    ),
    "lists": (list[list[float]], list[Any], {"type": "array", "items": {"type": "double"}}, {"type": "any"}),
    "times": (
        list[datetime.datetime],
        dict[str, int],
        {"type": "datetime"},
        {"type": "map", "values": {"type": "long"}},
    ),
    "anything": (list[Any], list[Any], {"type": "any"}, {"type": "any"}),
    "either": (list[int | str], None, {"type": "any"}, {"type": "any"}),
    "people": (list[Person], list[Person], PERSON, PERSON),
}


def function_of(of_input, of_output=None):
    def predict(rows):
        return rows

    predict.__annotations__ = {"rows": of_input} | ({"return": of_output} if of_output is not None else {})
    return predict


def hinted(folder):
    document = mlmodel.read(folder)
    parts = document.get("signature") or {}
    return document.get("is_signature_from_type_hint"), *(
        json.loads(parts[name]) if parts.get(name) else None for name in ("inputs", "outputs")
    )


@pytest.mark.parametrize("name", HINTS)
def test_hints_of_a_function_give_its_signature(saved, name):
    of_input, of_output, inputs, outputs = HINTS[name]
    found = hinted(saved(function_of(of_input, of_output)))
    assert found == (True, [{**inputs, "required": True}], [{**outputs, "required": True}])


def test_hints_of_a_method_give_the_signature_of_its_model(saved):
    class Shouts(PythonModel):
        def predict(self, model_input: list[str], params=None) -> list[str]:
            return [text.upper() for text in model_input]

    folder = saved(Shouts())
    assert hinted(folder)[1] == [{"type": "string", "required": True}]
    loaded = fitprint.load_model(folder)
    assert loaded.predict(["a"]) == ["A"]
    assert loaded.predict(pd.DataFrame({"t": ["a", "b"]})) == ["A", "B"]
    with pytest.raises(SchemaError, match="element 0 of the data: expected str, got int"):
        loaded.predict([1])


def test_an_example_does_not_change_what_hints_say_and_brings_its_params(saved):
    def keys(rows: list[dict[str, str]], params=None) -> list[str]:
        return ["".join(sorted(row)) for row in rows]

    folder = saved(keys, input_example=([{"a": "x", "b": "y"}], {"k": 1}))
    loaded = fitprint.load_model(folder)
    assert hinted(folder)[1] == [{"type": "map", "values": STRING, "required": True}]
    assert str(loaded.metadata.get_params_schema().params[0].name) == "k"
    assert loaded.predict([{"a": "x"}, {"c": "y"}]) == ["a", "c"]


@pytest.mark.parametrize("hint", [pd.DataFrame, np.ndarray, str, None])
def test_other_hints_say_nothing_and_the_example_counts(saved, hint):
    folder = saved(function_of(hint), input_example=pd.DataFrame({"a": [1.0]}))
    assert hinted(folder) == (None, *[[{"type": "double", "name": "a", "required": True}]] * 2)


@pytest.mark.parametrize("hint", [list[str | None], list[dict], list[object], list[dict[int, str]]])
def test_a_hint_without_a_type_is_told_and_not_used(saved, hint, caplog):
    assert hinted(saved(function_of(hint))) == (None, None, None)
    assert ["the type hint of the model's input is not used" in message for message in caplog.messages] == [True]


def test_a_signature_that_is_given_counts_more_than_hints(saved):
    given = fitprint.infer_signature(pd.DataFrame({"a": [1.0]}))
    folder = saved(function_of(list[str]), signature=given)
    assert hinted(folder) == (None, [{"type": "double", "name": "a", "required": True}], None)
