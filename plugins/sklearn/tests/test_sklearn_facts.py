"""Facts as data: confusion matrix, curves, importances, and what a model was trained on."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import metrics as reference
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import fitprint

pytestmark = pytest.mark.usefixtures("recorded")

IRIS, KIND = load_iris(return_X_y=True)
CANCER, BENIGN = load_breast_cancer(return_X_y=True)
WORDS = np.where(BENIGN == 1, "benign", "malignant")


# ---- curves


@pytest.mark.parametrize("weighted", [False, True])
def test_confusion_matrix_equals_scikit_learns(artifact, weighted):
    weight = np.linspace(0, 2, len(BENIGN)) if weighted else None
    model = GaussianNB().fit(CANCER, WORDS, sample_weight=weight)
    found = artifact(fitprint.last_run(), "confusion_matrix.json")
    expected = reference.confusion_matrix(WORDS, model.predict(CANCER), sample_weight=weight)
    assert found["labels"] == ["benign", "malignant"]
    assert np.array(found["matrix"]) == pytest.approx(expected)
    assert found["weighted"] is weighted


def test_roc_curve_equals_scikit_learns(artifact):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(CANCER, WORDS)
    found = artifact(fitprint.last_run(), "roc_curve.json")
    scores = model.predict_proba(CANCER)[:, 1]
    false, true, _ = reference.roc_curve(WORDS, scores, pos_label="malignant")
    assert found["positive"] == "malignant"
    assert found["fpr"] == pytest.approx(false)
    assert found["tpr"] == pytest.approx(true)


def test_precision_recall_curve_equals_scikit_learns(artifact):
    model = GaussianNB().fit(CANCER, BENIGN)
    found = artifact(fitprint.last_run(), "precision_recall_curve.json")
    precision, recall, _ = reference.precision_recall_curve(BENIGN, model.predict_proba(CANCER)[:, 1])
    assert found["precision"] == pytest.approx(precision)
    assert found["recall"] == pytest.approx(recall)


def test_more_than_two_classes_have_no_curve():
    GaussianNB().fit(IRIS, KIND)
    assert not {"roc_curve.json", "precision_recall_curve.json"} & set(fitprint.last_run().artifacts)


# ---- importances


def test_importances_stand_by_the_columns_of_the_frame(artifact):
    frame = load_iris(as_frame=True).data
    model = RandomForestClassifier(5, random_state=0).fit(frame, KIND)
    found = artifact(fitprint.last_run(), "feature_importance.json")
    assert found == {"feature_importances": dict(zip(frame.columns, model.feature_importances_, strict=True))}


def test_coefficients_of_each_class_stand_by_position_without_names(artifact):
    model = LogisticRegression(max_iter=1000).fit(IRIS, KIND)
    (rows,) = artifact(fitprint.last_run(), "feature_importance.json").values()
    assert [list(row) for row in rows] == [["feature_0", "feature_1", "feature_2", "feature_3"]] * 3
    assert np.array([list(row.values()) for row in rows]) == pytest.approx(model.coef_)


def test_importances_of_a_search_and_a_pipeline_are_those_of_what_was_refitted(artifact):
    search = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1, 2]}, cv=2).fit(IRIS, KIND)
    found = artifact(fitprint.last_run(), "feature_importance.json")
    assert list(found["coefficients"].values()) == pytest.approx(search.best_estimator_[-1].coef_)


def test_a_model_without_importances_leaves_no_such_file():
    GaussianNB().fit(IRIS, KIND)
    assert "feature_importance.json" not in fitprint.last_run().artifacts


# ---- the data


def facts_of(artifact, X, y):
    DecisionTreeRegressor(max_depth=1).fit(X, y) if np.asarray(y).dtype.kind == "f" else GaussianNB().fit(X, y)
    return artifact(fitprint.last_run(), "dataset.json")


def test_facts_of_a_frame(artifact):
    frame = load_iris(as_frame=True).data.astype({"sepal length (cm)": "float32"})
    frame.iloc[3, 1] = np.nan
    target = pd.Series(np.array(["a", "b", "c"])[KIND], name="kind")
    DecisionTreeClassifier().fit(frame, target)
    found = artifact(fitprint.last_run(), "dataset.json")
    assert found["inputs"]["rows"] == 150
    assert [(column["dtype"], column["missing"]) for column in found["inputs"]["columns"]] == [
        ("float32", 0),
        ("float64", 1),
        ("float64", 0),
        ("float64", 0),
    ]
    assert [column["name"] for column in found["inputs"]["columns"]] == list(frame.columns)
    assert found["target"]["classes"] == {"a": 50, "b": 50, "c": 50}
    assert found["target"]["name"] == "kind"
    assert found["inputs"]["digest"]["of"] == "everything"


def test_facts_of_arrays(artifact):
    found = facts_of(artifact, IRIS, KIND)
    assert found["inputs"]["shape"] == [150, 4]
    assert found["inputs"]["dtype"] == "float64"
    assert found["target"]["classes"] == {"0": 50, "1": 50, "2": 50}
    assert "classes" not in facts_of(artifact, *load_diabetes(return_X_y=True))["target"]


def test_facts_of_a_sparse_matrix_and_of_lists(artifact):
    LogisticRegression(max_iter=1000).fit(sparse.csr_array(IRIS), KIND)
    assert artifact(fitprint.last_run(), "dataset.json")["inputs"]["shape"] == [150, 4]
    found = facts_of(artifact, IRIS.tolist(), KIND.tolist())
    assert found["inputs"]["rows"] == 150
    assert found["target"]["classes"] == {"0": 50, "1": 50, "2": 50}


def test_the_digest_tells_other_data_apart_and_knows_the_same_again(artifact):
    digest = facts_of(artifact, IRIS, KIND)["inputs"]["digest"]
    other = IRIS.copy()
    other[149, 3] += 1e-9
    assert facts_of(artifact, IRIS.copy(order="F"), KIND)["inputs"]["digest"] == digest
    assert facts_of(artifact, other, KIND)["inputs"]["digest"] != digest
    assert facts_of(artifact, IRIS[::-1].copy(), KIND)["inputs"]["digest"] != digest


def test_the_digest_is_the_same_in_every_process(artifact, run_python):
    frame = load_iris(as_frame=True).data
    frame["word"] = np.array(["a", "b", None], dtype=object)[KIND]
    frame["kind"] = pd.Categorical(KIND)
    script = """
        import fitprint, json, numpy as np, pandas as pd
        from sklearn.datasets import load_iris
        from sklearn.dummy import DummyClassifier
        fitprint.autolog(strict=True)
        frame, KIND = load_iris(as_frame=True).data, load_iris().target
        frame["word"] = np.array(["a", "b", None], dtype=object)[KIND]
        frame["kind"] = pd.Categorical(KIND)
        DummyClassifier().fit(frame, KIND)
        print(json.load(open(fitprint.last_run().path / "artifacts/dataset.json"))["inputs"]["digest"]["blake2b"])
    """
    DummyClassifier().fit(frame, KIND)
    here = artifact(fitprint.last_run(), "dataset.json")["inputs"]["digest"]["blake2b"]
    assert run_python(script, env={"PYTHONHASHSEED": "7"}).stdout.strip() == here


def test_above_four_megabytes_a_sample_is_digested_and_named(artifact):
    rows = np.tile(IRIS, (2500, 1))
    found = facts_of(artifact, rows, np.tile(KIND, 2500))["inputs"]
    assert found["shape"] == [375_000, 4]
    assert found["digest"]["of"] == "62500 evenly spaced rows"


MARKERS = (731234.5, "Zaphod_731234")


def test_no_row_of_the_data_is_kept(recorded):
    frame = load_iris(as_frame=True).data
    frame.iloc[7, 0] = MARKERS[0]
    words = np.where(KIND > 0, "x", "y").astype(object)
    words[7] = MARKERS[1]
    frame["word"] = words
    LogisticRegression(max_iter=5000).fit(frame.iloc[:, 1:4], KIND)
    RandomForestClassifier(3).fit(frame.iloc[:, :4], KIND)
    GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2).fit(frame.iloc[:, :4], KIND)
    files = [file for file in recorded.rglob("*") if file.is_file() and file.suffix != ".pkl"]
    assert len(files) > 20
    for file in files:
        text = file.read_bytes()
        assert not [marker for marker in MARKERS if str(marker).encode() in text], file


def test_an_input_example_is_kept_only_when_asked_for():
    GaussianNB().fit(IRIS, KIND)
    assert not list(fitprint.last_run().path.rglob("*input_example*"))
    fitprint.autolog(strict=True, log_input_examples=True)
    GaussianNB().fit(IRIS, KIND)
    example = json.loads((fitprint.last_run().model_path / "input_example.json").read_text())
    assert example == IRIS[:5].tolist()
