"""What a package predicts of rows that are not as the model was trained on them: from CSV, JSON, another library."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars
import pytest
from click.testing import CliRunner
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import fitprint
from fitprint.models import SchemaError

TEXTS = ["good film", "bad film", "good", "awful"] * 10
LIKED = ["yes", "no"] * 20
NUMBERS = np.random.default_rng(0).random((60, 2))
PEOPLE = pd.DataFrame(
    {
        "age": NUMBERS[:, 0] * 90,
        "calls": pd.array([None, *range(59)], dtype="Int64"),
        "plan": pd.Categorical(["basic", "pro", "007"] * 20),
    }
)


def boosted():
    return HistGradientBoostingClassifier(max_iter=3, categorical_features="from_dtype", random_state=0)


@pytest.fixture
def package(recorded):
    """From a model and its data to the model, fitted, and the folder of its package."""

    def fit(model, data, target):
        model.fit(data, target)
        return model, fitprint.last_run().model_path

    return fit


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_the_command_predicts_categories_and_gaps_from_a_file(package, ending):
    from fitprint.cli.application import fitprint as command

    model, folder = package(boosted(), PEOPLE, PEOPLE["age"] > 30)
    if ending == "csv":
        PEOPLE.to_csv("people.csv", index=False)
    else:
        PEOPLE.to_json("people.json", orient="records")
    shown = CliRunner().invoke(command, ["predict", str(folder), f"people.{ending}"])
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.splitlines()[1:] == [str(answer) for answer in model.predict(PEOPLE)]


def test_a_model_of_texts_predicts_each_row_of_a_table(package):
    model, folder = package(make_pipeline(CountVectorizer(), LogisticRegression()), TEXTS, LIKED)
    loaded = fitprint.load_model(folder)
    expected = model.predict(TEXTS).tolist()
    for rows in (
        TEXTS,
        pd.DataFrame({"text": TEXTS}),
        pd.Series(TEXTS),
        np.array(TEXTS),
        polars.DataFrame({"t": TEXTS}),
    ):
        assert loaded.predict(rows).tolist() == expected


def test_another_number_of_predictions_than_rows_is_an_error(recorded):
    fitprint.autolog(strict=True, log_signatures=False)  # so that nothing turns the table into texts
    make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, LIKED)
    loaded = fitprint.load_model(fitprint.last_run().model_path)
    with pytest.raises(SchemaError, match="1 for 40 rows of the DataFrame"):
        loaded.predict(pd.DataFrame({"text": TEXTS}))
    assert len(loaded.predict(TEXTS)) == 40


class Adds(BaseEstimator, TransformerMixin):
    """Changes its input in place, as careless users do."""

    def __init__(self, what="column"):
        self.what = what

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        if self.what == "column":
            X["c"] = X["a"] + X["b"]
        elif self.what == "codes" and X["kind"].dtype != "int8":
            X["kind"] = X["kind"].map({"x": 0, "y": 1}).astype("int8")
        elif self.what == "removal" and "kind" in X:
            del X["kind"]
        return X


@pytest.mark.parametrize("what", ["column", "codes", "removal"])
@pytest.mark.parametrize("further", [0, 200], ids=["narrow", "wide"])
def test_the_signature_is_of_the_data_before_the_fit(recorded, what, further):
    def data():
        wide = pd.DataFrame(np.ones((60, further)), columns=[f"n{i}" for i in range(further)])
        frame = pd.DataFrame(NUMBERS, columns=["a", "b"])
        return (frame if what == "column" else frame.assign(kind=["x", "y"] * 30)).join(wide)

    model = make_pipeline(Adds(what), LinearRegression()).fit(data(), NUMBERS[:, 0])
    loaded = fitprint.load_model(fitprint.last_run().model_path)
    if further and what != "column":
        return  # of a wide table only the labels are kept
    assert loaded.metadata.get_input_schema().input_names() == data().columns.tolist()
    assert loaded.predict(data()) == pytest.approx(model.predict(data()))


def test_the_rows_that_were_copied_are_those_of_the_table_alone(recorded):
    y = pd.DataFrame({"target": NUMBERS[:, 0]})
    LinearRegression().fit(NUMBERS, y)
    signature = fitprint.load_model(fitprint.last_run().model_path).metadata.signature
    assert str(signature.inputs) == "Schema([tensor float64 [-1, 2]])"


def test_an_input_example_is_of_the_data_before_the_fit(store):
    fitprint.autolog(strict=True, log_input_examples=True)
    frame = pd.DataFrame(NUMBERS, columns=["a", "b"])
    make_pipeline(Adds(), LinearRegression()).fit(frame, NUMBERS[:, 0])
    stored = json.loads((fitprint.last_run().model_path / "input_example.json").read_text())
    assert stored["columns"] == ["a", "b"]


def test_an_example_with_exact_dtypes_is_read_back_as_it_was(store):
    fitprint.autolog(strict=True, log_input_examples=True)
    boosted().fit(PEOPLE, PEOPLE["age"] > 30)
    example = fitprint.load_model(fitprint.last_run().model_path).input_example
    pd.testing.assert_frame_equal(example, PEOPLE[:5])


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_tables_of_other_libraries_train_and_predict(recorded, library):
    table = polars.DataFrame(NUMBERS, schema=["a", "b"]).with_columns(kind=polars.Series(["x", "y"] * 30))
    numbers = table.drop("kind")
    table, numbers = (part if library == "polars" else part.to_arrow() for part in (table, numbers))
    scaled = make_pipeline(StandardScaler(), LogisticRegression()).fit(numbers, NUMBERS[:, 0] > 0.5)
    run = fitprint.last_run()
    assert run.skipped == []
    assert "training_accuracy_score" in run.metrics
    loaded = fitprint.load_model(run.model_path)
    assert str(loaded.metadata.get_input_schema()) == "Schema(['a': double, 'b': double])"
    for rows in (numbers, table, pd.DataFrame(NUMBERS, columns=["a", "b"])):
        assert (loaded.predict(rows) == scaled.predict(numbers)).all()
    facts = json.loads((run.path / "artifacts" / "dataset.json").read_text())
    assert [column["name"] for column in facts["inputs"]["columns"]] == ["a", "b"]


def test_values_that_are_missing_against_the_signature_are_told(recorded, caplog):
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["plan"]), remainder="drop")
    frame = PEOPLE[["plan"]].astype(str)
    make_pipeline(encoder, LogisticRegression()).fit(frame, PEOPLE["age"] > 30)
    folder = fitprint.last_run().model_path
    caplog.clear()
    fitprint.load_model(folder).predict(frame)
    assert caplog.messages == []
    fitprint.load_model(folder).predict(pd.DataFrame({"plan": ["pro", None]}))
    assert ["values are missing" in message and "plan" in message for message in caplog.messages] == [True]
