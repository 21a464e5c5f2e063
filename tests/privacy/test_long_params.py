"""Long params: whole in the record up to a bound, beyond it as an artifact that the param names; never an error."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

import fitprint


def whole(run, name):
    return (run.path / "artifacts" / name).read_text("utf-8")


def test_ten_kilobytes_stand_whole_in_the_record_and_short_in_tables(store):
    text = "SELECT " + "x" * 10_000
    with fitprint.start_run() as run:
        run.log_param("query", text)
    assert json.loads((run.path / "run.json").read_text())["params"]["query"] == text
    assert fitprint.search_runs()["params.query"][0] == text
    assert "x" * 200 not in run._repr_html_()


def test_a_text_beyond_the_bound_is_an_artifact(store):
    text = "é" + "x" * 100_000
    with fitprint.start_run() as run:
        run.log_param("query", text)
    assert whole(run, "params/query.txt") == text
    assert run.params["query"].startswith("éxxx")
    assert run.params["query"].endswith("… (100,001 characters, whole in artifacts/params/query.txt)")
    assert run.artifacts == ["params/query.txt"]


def test_lists_and_mappings_beyond_the_bound_are_artifacts(store):
    numbers, names = list(range(20_000)), {f"name {i}": [i, None] for i in range(5_000)}
    with fitprint.start_run() as run:
        run.log_params({"numbers": numbers, "names": names})
    assert json.loads(whole(run, "params/numbers.json")) == numbers
    assert json.loads(whole(run, "params/names.json")) == names
    assert run.params["numbers"].startswith("20,000 values: [0, 1, 2, 3, 4]…")
    assert run.params["names"].startswith("5,000 named values: name 0, name 1")


def test_arrays_have_their_shape_dtype_and_values(store):
    small, large = np.arange(6.0).reshape(2, 3), np.ones((100, 100), dtype="float32")
    with fitprint.start_run() as run:
        run.log_params({"small": small, "large": large, "odd": np.array([np.nan, np.inf])})
    assert run.params["small"] == {"shape": [2, 3], "dtype": "float64", "values": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]}
    assert run.params["large"].startswith("float32 array of shape (100, 100) (")
    found = json.loads(whole(run, "params/large.json"))
    assert np.array_equal(np.array(found["values"], dtype=found["dtype"]), large)
    assert fitprint.get_run(run.run_id).params["odd"]["values"] == ["NaN", "Infinity"]


def test_of_a_table_the_shape_alone_is_recorded(store):
    with fitprint.start_run() as run:
        run.log_params({"frame": pd.DataFrame({"a": [12345]}), "series": pd.Series([12345])})
    assert run.params == {
        "frame": "pandas.DataFrame of shape (1, 1)",
        "series": "pandas.Series of shape (1,)",
    }


def test_two_long_params_never_share_a_file_whatever_they_are_called(store):
    names = ["a/b", "a_b", "a:b", "../up", ".hidden", "n" * 300, "n" * 301, "ü"]
    with fitprint.start_run() as run:
        run.log_params({name: name + "x" * 20_000 for name in names})
    for name in names:
        file = run.params[name].partition("whole in artifacts/")[2].removesuffix(")")
        assert whole(run, file) == name + "x" * 20_000
    assert len(set(run.artifacts)) == len(names)


def test_a_param_logged_anew_replaces_its_file(store):
    with fitprint.start_run() as run:
        run.log_param("query", "x" * 20_000)
        run.log_param("query", "y" * 20_000)
    assert whole(run, "params/query.txt") == "y" * 20_000
    assert run.artifacts == ["params/query.txt"]


def test_secrets_in_a_long_param_are_hidden_in_its_file(store):
    with fitprint.start_run() as run:
        run.log_param("config", {"password": "hunter2", "more": ["x" * 100] * 1000})
    assert json.loads(whole(run, "params/config.json"))["password"] == "***"
