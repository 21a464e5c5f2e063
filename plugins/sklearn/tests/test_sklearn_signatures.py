"""The signature of a package, for every kind of data: it is written only where enforcing it changes no prediction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler
from sklearn.utils import all_estimators

import fitprint
from fitprint.models import infer_signature
from fitprint_sklearn import _fitted
from fitprint_sklearn._silent_copy import predict_silently


def columns(*types):
    return [{"type": kind, "name": name, "required": True} for name, kind in zip("abcd", types, strict=True)]


def tensor(dtype, *shape):
    return [{"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": list(shape)}}]


DOUBLES = columns(*["double"] * 4)
INPUTS = {
    "floats": DOUBLES,
    "floats with missing": [double | {"required": double["name"] in "bd"} for double in DOUBLES],
    "float32": columns(*["float"] * 4),
    "whole numbers": columns(*["long"] * 4),
    "int16": columns(*["integer"] * 4),
    "Int64": columns(*["long"] * 4),
    "uint64": columns(*["any"] * 4),
    "truth values": columns(*["boolean"] * 4),
    "boolean": columns(*["boolean"] * 4),
    "text column": [*DOUBLES, {"type": "string", "name": "word", "required": True}],
    "text column of pandas": [*DOUBLES, {"type": "string", "name": "word", "required": True}],
    "text column with missing": [*DOUBLES, {"type": "string", "name": "word", "required": False}],
    "moments": [*DOUBLES, {"type": "datetime", "name": "day", "required": True}],
    "numbered columns": [{"type": "double", "name": name, "required": True} for name in range(4)],
    "array": tensor("float64", -1, 4),
    "array of float32": tensor("float32", -1, 4),
    "array of whole numbers": tensor("int64", -1, 4),
    "array of truth values": tensor("bool", -1, 4),
    "array of objects": tensor("object", -1, 4),
    "array of words": tensor("str", -1, 1),
    "array of texts": tensor("str", -1),
    "csr matrix": tensor("float64", -1, 4),
    "csc matrix": tensor("float64", -1, 4),
    "components": tensor("float64", -1, 10),
}
OUTPUTS_ONLY = {  # and the inputs that fitprint's own readers have
    "list of texts": "Schema([string])",
    "series of texts": "Schema([string])",
    "named series of texts": "Schema(['text': string])",
    "list of dicts": "Schema(['a': double (optional), 'word': string (optional)])",
    "list of lists": "Schema([tensor float64 [-1, 4]])",
    "csr array": "Schema([tensor float64 [-1, 4]])",
    "dok matrix": "Schema([tensor float64 [-1, 4]])",
    "Int64 with missing": "Schema(['a': long (optional), 'b': long, 'c': long (optional), 'd': long])",
    "one column with gaps among others": "Schema(['a': long (optional), 'b': double, 'day': integer])",
}
OUTPUTS = {
    "floats": tensor("int64", -1),
    "regression": tensor("float64", -1),
    "two outputs": tensor("float64", -1, 2),
    "clusters": tensor("int32", -1),
    "components": tensor("float64", -1, 2),
    "list of texts": tensor("int64", -1),
}


@pytest.mark.parametrize("name", INPUTS)
def test_the_inputs_of_a_signature(trained, signature_of, name):
    assert signature_of(trained[name].run)["inputs"] == INPUTS[name]
    assert trained[name].run.skipped == []


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_outputs_of_a_signature(trained, signature_of, name):
    assert signature_of(trained[name].run)["outputs"] == OUTPUTS[name]


@pytest.mark.parametrize("name", OUTPUTS_ONLY)
def test_where_enforcing_would_change_predictions_there_are_outputs_only_and_a_reason(trained, signature_of, name):
    run = trained[name].run
    assert signature_of(run)["inputs"] is None
    assert signature_of(run)["outputs"] is not None
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("inputs in MLflow's signature", "mlflow")]
    assert str(fitprint.load_model(run.model_path).metadata.get_input_schema()) == OUTPUTS_ONLY[name]


def test_the_reason_names_the_columns_that_lack_values_and_no_others(trained):
    (skip,) = trained["Int64 with missing"].run.skipped
    assert "because of: a (Int64), c (Int64);" in skip.reason


def test_one_awkward_column_among_others_is_named_alone(trained):
    (skip,) = trained["one column with gaps among others"].run.skipped
    assert "because of: a (Int64);" in skip.reason


def test_a_category_that_the_model_cannot_do_without_keeps_the_inputs_out_and_is_named(trained, signature_of):
    run = trained["category by its codes"].run
    assert signature_of(run)["inputs"] is None
    assert ["because of: word (category);" in skip.reason for skip in run.skipped] == [True]


@pytest.mark.parametrize("name", ["category", "category encoded", "category of numbers", "moments with a zone"])
def test_a_column_without_a_type_alone_is_any(trained, signature_of, name):
    inputs = signature_of(trained[name].run)["inputs"]
    assert [spec["type"] for spec in inputs] == ["double"] * 4 + ["any"]


def test_every_kind_is_predicted_as_the_model_itself_predicts_it(trained):
    for name, example in trained.items():
        if name != "components":
            assert fitprint.load_model(example.package).predict(example.data) == pytest.approx(example.predicted), name


def test_the_model_that_knows_categories_by_their_dtype_predicts_them_after_enforcement(trained):
    example = trained["category"]
    shuffled = example.data.iloc[::-1]
    assert (fitprint.load_model(example.package).predict(shuffled) == example.model.predict(shuffled)).all()


@pytest.mark.usefixtures("recorded")
def test_a_coo_matrix_trains_and_predicts():
    X = np.random.default_rng(0).random((60, 3))
    y = X[:, 0] > 0.5
    LogisticRegression().fit(sparse.coo_matrix(X), y)
    run = fitprint.last_run()
    assert run.status == "FINISHED"
    assert "training_accuracy_score" in run.metrics


def test_without_log_signatures_there_is_none(store, signature_of):
    fitprint.autolog(strict=True, log_signatures=False)
    X = np.random.default_rng(0).random((60, 3))
    LogisticRegression().fit(X, X[:, 0] > 0.5)
    assert signature_of(fitprint.last_run()) is None


ESTIMATORS = {
    "of scikit-learn alone": lambda: LogisticRegression(max_iter=500),
    "with another inside": lambda: BaggingClassifier(LogisticRegression(max_iter=500), 2),
    "of a user": lambda: OwnClassifier(max_iter=500),
}


class OwnClassifier(LogisticRegression):
    """Predicts only from what has the names of columns."""

    def predict(self, X):
        return super().predict(X[[*X.columns]])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_predicting_in_silence_gives_what_the_model_gives_and_leaves_it_as_it_is(name):
    frame, target = load_iris(return_X_y=True, as_frame=True)
    model = ESTIMATORS[name]().fit(frame, target.map(lambda kind: f"kind {kind}"))
    before = dict(vars(model))
    predicted = predict_silently(model, "predict", frame)
    assert predicted.dtype == model.predict(frame).dtype
    assert predicted.tolist() == model.predict(frame).tolist()
    assert vars(model) == before


def test_predicting_in_silence_minds_the_names_of_the_columns():
    frame, target = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=500).fit(frame, target)
    with pytest.raises(ValueError, match="feature names"):
        predict_silently(model, "predict", frame[[*frame.columns[::-1]]])


class Own(GaussianNB):
    """A classifier of the user's, which may predict anything."""


IRIS, SPECIES = load_iris(return_X_y=True)
TARGETS = {
    "numbers": SPECIES,
    "texts": np.array(["setosa", "versicolor", "virginica"])[SPECIES],
    "truth values": SPECIES == 1,
    "two classes": SPECIES % 2,
    "labels": np.eye(3, dtype=int)[SPECIES],
    "two outputs": np.c_[SPECIES, SPECIES],
}


@pytest.mark.filterwarnings("ignore")  # of classifiers that do not converge in a few iterations
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_outputs_that_are_known_without_predicting_are_those_of_predictions(target):
    known = set()
    for name, cls in all_estimators(type_filter="classifier"):
        for make in (cls, lambda cls=cls: make_pipeline(MinMaxScaler(), cls())):
            try:
                model = make().fit(IRIS, target)
            except (TypeError, ValueError):  # it needs an argument, or takes no such target
                continue
            like = _fitted.outputs_like(model)
            if like is not None:
                known.add(name)
                assert infer_signature(IRIS, like) == infer_signature(IRIS, model.predict(IRIS[:5])), name
    several = target.ndim == 2
    assert known == set() if several else known >= {"LogisticRegression", "GaussianNB", "SVC", "RandomForestClassifier"}


@pytest.mark.parametrize(
    "model",
    [
        Own(),
        OneVsRestClassifier(GaussianNB()),
        make_pipeline(FunctionTransformer(np.log1p), GaussianNB()),
        make_pipeline(SelectFromModel(LogisticRegression(max_iter=300)), GaussianNB()),
        make_pipeline(MinMaxScaler(), Own()),
    ],
    ids=str,
)
def test_where_anything_of_the_user_takes_part_a_prediction_tells_the_outputs(model):
    assert _fitted.outputs_like(model.fit(IRIS, SPECIES)) is None


def test_the_signature_is_the_same_without_training_metrics(store, signature_of):
    signatures = []
    for has_metrics in (True, False):
        fitprint.autolog(strict=True, log_training_metrics=has_metrics)
        make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=300)).fit(IRIS, TARGETS["texts"])
        signatures.append(signature_of(fitprint.last_run()))
    assert signatures[0] == signatures[1]
