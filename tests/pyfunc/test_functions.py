"""A plain function as a model."""

from __future__ import annotations

import functools

import pandas as pd
import pytest

import fitprint
from fitprint.models import infer_signature

FRAME = pd.DataFrame({"a": [1.0, 2.0]})


def test_a_function_predicts_and_is_found_in_the_loaded_model(saved):
    def tripled(frame):
        return (frame["a"] * 3).tolist()

    model = fitprint.load_model(saved(tripled))
    assert model.predict(FRAME) == [3.0, 6.0]
    assert model.unwrap_python_model().func(FRAME) == [3.0, 6.0]


def test_a_function_gets_params_where_it_names_them(saved):
    def scaled(frame, params):
        return (frame["a"] * params["by"]).tolist()

    model = fitprint.load_model(saved(scaled, signature=infer_signature(FRAME, params={"by": 2.0})))
    assert model.predict(FRAME) == [2.0, 4.0]
    assert model.predict(FRAME, params={"by": 5.0}) == [5.0, 10.0]


def test_anything_that_can_be_called_is_a_function(saved):
    model = fitprint.load_model(saved(functools.partial(pd.DataFrame.sum, axis=1)))
    assert model.predict(FRAME).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("example", [["a", "b"], pd.DataFrame({"text": ["a", "b"]})])
def test_a_function_of_texts_gets_a_list_whatever_is_predicted(saved, example):
    def shouted(texts: list[str]) -> list[str]:
        return [text.upper() for text in texts]

    assert fitprint.load_model(saved(shouted)).predict(example) == ["A", "B"]


def test_a_function_of_rows_gets_dicts(saved):
    def named(rows: list[dict[str, str]]) -> list[str]:
        return [row["name"] for row in rows]

    frame = pd.DataFrame({"name": ["x", "y"], "other": ["1", "2"]})
    assert fitprint.load_model(saved(named)).predict(frame) == ["x", "y"]


@pytest.mark.parametrize("function", [lambda: 1, lambda a, b: 1, lambda params: 1])
def test_a_function_of_no_input_or_of_two_is_refused(saved, function):
    with pytest.raises(TypeError, match="can be called with one input, and optionally params"):
        saved(function)
