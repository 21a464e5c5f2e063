"""Reading back: models with their signature enforced, and runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import fitprint
from fitprint.models.errors import PackageError, SchemaError

X, y = load_iris(return_X_y=True)


@pytest.fixture
def load(trained):
    """From the name of a kind of data to its loaded package, the data and what the model predicts of it."""

    def load(name):
        example = trained[name]
        return fitprint.load_model(example.package), example.data, example.predicted

    return load


# ---- columns


def test_columns_are_put_in_order_and_extra_ones_are_dropped(load):
    model, frame, expected = load("floats")
    assert (model.predict(frame[["d", "b", "a", "c"]]) == expected).all()
    assert (model.predict(frame.assign(z="extra")) == expected).all()


def test_all_that_is_missing_is_named_at_once(load):
    model, frame, _ = load("floats")
    with pytest.raises(SchemaError) as caught:
        model.predict(frame[["d", "a"]])
    assert "b" in str(caught.value)
    assert "c" in str(caught.value)


def test_an_optional_column_may_hold_nothing(load):
    model, frame, _ = load("floats with missing")
    assert len(model.predict(frame.assign(a=np.nan))) == len(frame)


def test_numbers_that_fit_are_converted_and_others_refused(load):
    model, frame, expected = load("floats")
    assert (model.predict(frame.astype(object)) == expected).all()
    assert len(model.predict(frame.round().astype("int32"))) == len(frame)
    with pytest.raises(SchemaError, match="a"):
        model.predict(frame.assign(a="text"))
    whole, frame, _ = load("whole numbers")
    with pytest.raises(SchemaError, match="b"):
        whole.predict(frame.assign(b=0.5))


def test_records_and_columns_of_plain_python_are_read(load):
    model, frame, expected = load("floats")
    assert (model.predict(frame.to_dict(orient="records")) == expected).all()
    assert (model.predict({name: frame[name].to_numpy() for name in frame}) == expected).all()


def test_unlabelled_rows_do_not_fit_named_columns(load):
    model, frame, _ = load("floats")
    with pytest.raises(SchemaError):
        model.predict(frame.to_numpy())


# ---- tensors


def test_an_array_has_to_have_the_shape_and_type_of_the_training(load):
    model, array, expected = load("array")
    assert (model.predict(array) == expected).all()
    assert (model.predict(pd.DataFrame(array)) == expected).all()
    for wrong in (array[:, :3], array[0], array.astype(str)):
        with pytest.raises(SchemaError):
            model.predict(wrong)


def test_a_sparse_matrix_stays_sparse(load):
    model, matrix, expected = load("csr matrix")
    assert (model.predict(matrix) == expected).all()
    assert (model.predict(matrix.toarray()) == expected).all()


# ---- without inputs in MLflow's signature


def test_without_inputs_in_mlflows_signature_data_reaches_the_model_as_it_is(load):
    for name in ("list of texts", "series of texts", "list of dicts"):
        model, data, expected = load(name)
        assert (model.predict(data) == expected).all()
        assert (model.predict(list(data)) == expected).all()


# ---- the loaded model


def test_a_loaded_model_tells_where_it_is_from(trained, load):
    model, _, _ = load("floats")
    run = trained["floats"].run
    assert model.metadata.run_id == run.run_id
    assert type(model.unwrap()) is DecisionTreeClassifier
    assert type(fitprint.sklearn.load_model(run.model_path)) is DecisionTreeClassifier


@pytest.mark.usefixtures("recorded")
def test_a_run_uri_finds_the_package_and_a_loaded_model_trains_again():
    GaussianNB().fit(X, y)
    loaded = fitprint.load_model(f"runs:/{fitprint.last_run().run_id}/model").unwrap()
    loaded.fit(X, y)
    assert [run.name for run in fitprint.runs()] == ["GaussianNB", "GaussianNB"]


@pytest.mark.usefixtures("recorded")
def test_a_broken_pickle_is_a_package_error():
    GaussianNB().fit(X, y)
    package = fitprint.last_run().model_path
    (package / "model.pkl").write_bytes(b"\x80\x05broken")
    with pytest.raises(PackageError, match=r"model\.pkl cannot be loaded"):
        fitprint.load_model(package)
    (package / "model.pkl").unlink()
    with pytest.raises(PackageError, match=r"model\.pkl .* is missing"):
        fitprint.load_model(package)


# ---- runs


@pytest.mark.usefixtures("recorded")
def test_run_of_knows_the_very_object_and_no_other():
    first, second = GaussianNB().fit(X, y), GaussianNB().fit(X, y)
    newest, oldest = fitprint.runs()
    assert fitprint.run_of(first).run_id == oldest.run_id
    assert fitprint.run_of(second).run_id == newest.run_id
    assert fitprint.run_of(GaussianNB()) is None


@pytest.mark.usefixtures("recorded")
def test_the_last_run_of_a_search_is_its_parent():
    search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2).fit(X, y)
    assert fitprint.last_run().name == "GridSearchCV"
    assert fitprint.run_of(search).run_id == fitprint.last_run().run_id
    assert [child.parent_id for child in fitprint.last_run().children] == [fitprint.last_run().run_id] * 2


@pytest.mark.usefixtures("recorded")
def test_search_runs_has_mlflows_column_names():
    make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=3)).fit(X, y)
    GaussianNB().fit(X, y)
    table = fitprint.search_runs()
    assert list(table["run_name"]) == ["GaussianNB", "Pipeline"]
    assert {"run_id", "status", "start_time", "end_time", "artifact_uri"} <= set(table)
    newest, pipeline = table.to_dict(orient="records")
    assert newest["params.var_smoothing"] == 1e-9
    assert pipeline["params.decisiontreeclassifier__max_depth"] == 3
    assert pipeline["tags.estimator_name"] == "Pipeline"
    assert newest["metrics.training_accuracy_score"] == pytest.approx(0.96)
    assert (table["end_time"] >= table["start_time"]).all()


@pytest.mark.usefixtures("recorded")
def test_a_run_read_from_disk_says_what_it_said_when_it_was_made():
    GaussianNB().fit(X, y)
    made = fitprint.last_run()
    read = fitprint.get_run(made.run_id)
    for name in ("params", "metrics", "tags", "artifacts", "models", "skipped", "status", "seconds", "flavor"):
        assert getattr(read, name) == getattr(made, name), name


@pytest.mark.usefixtures("recorded")
def test_facts_can_be_added_to_the_run_of_a_model():
    model = GaussianNB().fit(X, y)
    fitprint.log_metric("test_score", 0.5)
    fitprint.run_of(model).log_param("note", "held out")
    (read,) = fitprint.runs()
    assert read.metrics["test_score"] == 0.5
    assert read.params["note"] == "held out"
