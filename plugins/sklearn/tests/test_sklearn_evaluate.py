"""`fitprint.evaluate` of scikit-learn's models: values of scikit-learn itself, on the run of the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import fitprint

pytestmark = pytest.mark.usefixtures("recorded")

CANCER, BENIGN = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(CANCER, BENIGN, random_state=0)
IRIS, KIND = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)


@pytest.fixture
def model():
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)


def test_the_metrics_go_to_the_run_of_the_model_marked_with_the_data(model, artifact):
    result = fitprint.evaluate(model, X_test, y_test)
    run = fitprint.run_of(model)
    assert result.run is run
    probability = model.predict_proba(X_test)
    assert result.metrics["roc_auc"] == pytest.approx(reference.roc_auc_score(y_test, probability[:, 1]))
    assert result.metrics["log_loss"] == pytest.approx(reference.log_loss(y_test, probability))
    assert result.metrics["score"] == model.score(X_test, y_test)
    recorded = {f"{name}_X_test": value for name, value in result.metrics.items()}
    assert {name: run.metrics.get(name) for name in recorded} == recorded
    facts = run.evaluations["accuracy_score_X_test"]
    assert (facts["data"], facts["rows"], facts["training_data"]) == ("X_test", len(X_test), False)
    assert facts["call"] == "evaluate(model=model, X=X_test, y=y_test)"
    matrix = artifact(run, "confusion_matrix_X_test.json")
    assert matrix["matrix"] == reference.confusion_matrix(y_test, model.predict(X_test)).tolist()
    assert artifact(run, "roc_curve_X_test.json")["positive"] == 1
    (again,) = fitprint.runs()
    assert again.metrics["accuracy_score_X_test"] == result.metrics["accuracy_score"]


@pytest.mark.parametrize(
    ("name", "label", "in_file"),
    [
        ("../../x", "../../x", "_x"),
        ("a/b:c\n\0d", "a/b:c\n\0d", "a_b_c_d"),
        ("x" * 500, "x" * 100, "x" * 100),
        ("ä" * 500, "ä" * 100, "ä" * 75),
        ("a\ud800", "a?", "a_"),
    ],
)
def test_the_name_of_the_data_may_be_any_text(model, name, label, in_file, caplog):
    result = fitprint.evaluate(model, X_test, y_test, data_name=name)
    assert result.run is fitprint.run_of(model)
    assert f"accuracy_score_{label}" in result.run.metrics
    assert f"confusion_matrix_{in_file}.json" in fitprint.get_run(result.run.run_id).artifacts
    assert (result.run.path / "artifacts" / f"roc_curve_{in_file}.json").is_file()
    assert not caplog.records


def test_the_training_data_is_told_from_other_data(model):
    fitprint.evaluate(model, X_train, y_train)
    assert fitprint.run_of(model).evaluations["accuracy_score_X_train"]["training_data"] is True


def test_labels_by_a_threshold_are_evaluated_with_the_model_s_probabilities(model):
    probability = model.predict_proba(X_test)[:, 1]
    labels = (probability > 0.9).astype(int)
    result = fitprint.evaluate(model, X_test, y_test, predictions=labels)
    assert result.metrics["recall_score"] == pytest.approx(reference.recall_score(y_test, labels))
    assert result.metrics["roc_auc"] == pytest.approx(reference.roc_auc_score(y_test, probability))
    assert "score" not in result.metrics  # that of the model is not of these labels


def test_predictions_without_their_model_go_to_the_run_that_made_them(model):
    probabilities = model.predict_proba(X_test)
    labels = (probabilities[:, 1] > 0.9).astype(int)
    result = fitprint.evaluate(y=y_test, predictions=labels, probabilities=probabilities[:, 1])
    assert result.run is fitprint.run_of(model)
    assert "precision_recall_auc_y_test" in result.run.metrics


def test_nothing_else_is_recorded_meanwhile(model):
    before = set(fitprint.run_of(model).metrics)
    result = fitprint.evaluate(model, X_test, y_test)
    added = set(fitprint.run_of(model).metrics) - before
    assert added == {f"{name}_X_test" for name in result.metrics}
    assert len(fitprint.runs()) == 1


@pytest.mark.parametrize("labels", ["numbers", "texts", "truth values", "categories"])
def test_labels_of_every_type(labels):
    target = {
        "numbers": KIND,
        "texts": np.array(["a", "b", "c"])[KIND],
        "truth values": KIND > 0,
        "categories": pd.Series(pd.Categorical(np.array(["a", "b", "c"])[KIND])),
    }[labels]
    model = GaussianNB().fit(IRIS, target)
    result = fitprint.evaluate(model, IRIS, target)
    assert result.metrics["accuracy_score"] == pytest.approx(model.score(IRIS, target))
    assert result.metrics["log_loss"] == pytest.approx(reference.log_loss(target, model.predict_proba(IRIS)))
    assert not result.skipped


def test_decision_values_stand_in_for_probabilities():
    model = make_pipeline(StandardScaler(), LinearSVC()).fit(X_train, y_train)
    result = fitprint.evaluate(model, X_test, y_test)
    assert result.metrics["roc_auc"] == pytest.approx(reference.roc_auc_score(y_test, model.decision_function(X_test)))
    assert [skip.what for skip in result.skipped] == ["log_loss"]


def test_a_search_is_evaluated_as_its_best_estimator():
    search = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-2]}, cv=3).fit(X_train, y_train)
    result = fitprint.evaluate(search, X_test, y_test)
    assert result.run is fitprint.run_of(search)
    assert result.metrics["accuracy_score"] == pytest.approx(search.score(X_test, y_test))


def test_a_regressor():
    model = LinearRegression().fit(DIABETES, PROGRESS)
    result = fitprint.evaluate(model, DIABETES, PROGRESS)
    assert result.problem == "regression"
    assert result.metrics["r2_score"] == result.metrics["score"] == pytest.approx(model.score(DIABETES, PROGRESS))
    both = np.c_[PROGRESS, -PROGRESS]
    several = fitprint.evaluate(LinearRegression().fit(DIABETES, both), DIABETES, both)
    assert several.metrics["r2_score_1"] == pytest.approx(several.metrics["r2_score"])
    assert "max_error" in {skip.what for skip in several.skipped}


def test_several_labels_at_once():
    target = np.c_[KIND > 0, KIND > 1].astype(int)
    model = MultiOutputClassifier(GaussianNB()).fit(IRIS, target)
    result = fitprint.evaluate(model, IRIS, target)
    assert result.metrics["accuracy_score"] == pytest.approx(model.score(IRIS, target))
    area = reference.roc_auc_score(
        target, np.column_stack([chances[:, 1] for chances in model.predict_proba(IRIS)]), average="weighted"
    )
    assert result.metrics["roc_auc"] == pytest.approx(area)


def test_clusters_with_and_without_true_classes():
    model = KMeans(3, n_init=1, random_state=0).fit(IRIS)
    result = fitprint.evaluate(model, IRIS)
    assert result.problem == "clustering"
    assert result.metrics["silhouette_score"] == pytest.approx(reference.silhouette_score(IRIS, model.labels_))
    assert result.metrics["score"] == pytest.approx(model.score(IRIS))
    known = fitprint.evaluate(model, IRIS, KIND)
    assert known.metrics["adjusted_rand_score"] == pytest.approx(reference.adjusted_rand_score(KIND, model.labels_))


@pytest.mark.parametrize("model", [GaussianMixture(3, random_state=0), PCA(2)], ids=lambda model: type(model).__name__)
def test_densities_and_decompositions_have_their_own_score_alone(model):
    model.fit(IRIS)
    result = fitprint.evaluate(model, IRIS)
    assert result.metrics == {"score": pytest.approx(model.score(IRIS))}


def test_outliers_are_classes_of_their_own():
    model = IsolationForest(random_state=0).fit(IRIS)
    truth = np.where(KIND == 2, -1, 1)
    result = fitprint.evaluate(model, IRIS, truth)
    assert result.metrics["accuracy_score"] == np.mean(model.predict(IRIS) == truth)
    assert result.metrics["roc_auc"] == pytest.approx(reference.roc_auc_score(truth, model.decision_function(IRIS)))


def test_a_package_is_evaluated_with_the_data_as_the_signature_takes_it(model):
    run = fitprint.run_of(model)
    by_model = fitprint.evaluate(model, X_test, y_test)
    X_test.to_csv("test.csv", index=False)
    X_later = pd.read_csv("test.csv")
    loaded = fitprint.load_model(run.model_path)
    result = fitprint.evaluate(loaded, X_later, y_test)
    assert result.metrics == pytest.approx(by_model.metrics)
    assert result.run is run
    with pytest.raises(ValueError, match="mean radius"):
        fitprint.evaluate(loaded, X_later.drop(columns="mean radius"), y_test)


def test_a_native_model_that_was_loaded_in_another_process_is_evaluated_on_its_run(model, run_python):
    run = fitprint.run_of(model)
    X_test.assign(target=y_test).to_csv("test.csv", index=False)
    script = f"""
    import fitprint, pandas as pd
    frame = pd.read_csv("test.csv")
    result = fitprint.evaluate(fitprint.sklearn.load_model("runs:/{run.run_id}/model"), frame, "target")
    assert result.run_id == {run.run_id!r}
    """
    run_python(script)
    read = fitprint.get_run(run.run_id)
    assert read.metrics["accuracy_score_frame"] == pytest.approx(model.score(X_test, y_test))
    assert read.status == "FINISHED"


def test_a_model_whose_training_was_not_recorded():
    with fitprint.suppress():
        model = RandomForestClassifier(5, random_state=0).fit(X_train, y_train)
    result = fitprint.evaluate(model, X_test, y_test)
    assert (result.run.name, result.run.flavor, result.run.status) == ("RandomForestClassifier", "sklearn", "FINISHED")
    with fitprint.start_run() as run:
        assert fitprint.evaluate(model, X_test, y_test).run is run


class BrokenChances(GaussianNB):
    """Predicts labels, but no probabilities."""

    def predict_proba(self, X):
        raise RuntimeError("no chances")

    def score(self, X, y, sample_weight=None):
        raise RuntimeError("no score")

    def predict(self, X):
        return self.classes_[self._joint_log_likelihood(np.asarray(X)).argmax(axis=1)]


def test_probabilities_that_cannot_be_computed_cost_themselves_alone():
    with fitprint.suppress():
        model = BrokenChances().fit(IRIS, KIND)
    result = fitprint.evaluate(model, IRIS, KIND)
    assert result.metrics["accuracy_score"] > 0.9
    reasons = {skip.what: skip.reason for skip in result.skipped}
    assert reasons["probabilities"] == "the class probabilities could not be computed: RuntimeError: no chances"
    assert reasons["score"] == "the model's score raised RuntimeError: no score"
