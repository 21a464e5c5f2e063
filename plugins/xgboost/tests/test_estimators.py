"""The estimator classes: one run per fit, xgboost's own, whatever the class is."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost.callback import EarlyStopping

import fitprint

FEW = {"n_estimators": 5, "n_jobs": 1}


def test_one_run_of_xgboost_with_every_metric(recorded, frames):
    model = xgboost.XGBClassifier(**FEW, eval_metric=["auc", "logloss"])
    fitted = model.fit(frames.X, frames.y, eval_set=[(frames.X_test, frames.y_test)], verbose=False)
    assert fitted is model
    (run,) = fitprint.runs()
    assert (run.name, run.flavor) == ("XGBClassifier", "xgboost")
    for name in ("auc", "logloss"):
        values = model.evals_result()["validation_0"][name]
        assert run.metric_history(f"validation_0-{name}") == list(enumerate(values))
    assert run.metrics["training_log_loss"] == pytest.approx(log_loss(frames.y, model.predict_proba(frames.X)))
    others = {name for name in run.metrics if not name.startswith("training_")}
    assert others == {"validation_0-auc", "validation_0-logloss"}
    assert fitprint.run_of(model).run_id == run.run_id


def test_params_are_all_of_the_constructor_s(recorded, frames):
    model = xgboost.XGBClassifier(**FEW, max_depth=2, gamma=0.5)
    model.fit(frames.X, frames.y)
    run = fitprint.last_run()
    assert set(run.params) >= set(model.get_params())
    assert run.params["max_depth"] == 2
    assert run.params["num_boost_round"] == 5
    assert run.params["verbose_eval"] is True
    assert run.params["objective"] == "binary:logistic"


def test_what_fit_decided_for_several_classes(recorded):
    xgboost.XGBClassifier(**FEW).fit(*load_iris(return_X_y=True))
    run = fitprint.last_run()
    assert run.params["objective"] == "multi:softprob"
    assert run.params["num_class"] == 3


@pytest.mark.parametrize("make_state", [np.random.RandomState, np.random.default_rng])
def test_looking_at_params_draws_no_number_from_the_user_s_generator(store, frames, make_state):
    def fitted():
        model = xgboost.XGBRegressor(**FEW, subsample=0.5, random_state=make_state(3))
        return model.fit(frames.X, frames.y).predict(frames.X_test)

    bare = fitted()
    fitprint.autolog(strict=True, quiet=True)
    assert (fitted() == bare).all()
    assert " at 0x" not in fitprint.last_run().params["random_state"]


def test_training_metrics_without_an_evaluation_set(recorded, arrays):
    model = xgboost.XGBClassifier(**FEW).fit(arrays.X, arrays.y)
    metrics = fitprint.last_run().metrics
    assert metrics["training_accuracy_score"] == accuracy_score(arrays.y, model.predict(arrays.X))
    assert metrics["training_log_loss"] == pytest.approx(log_loss(arrays.y, model.predict_proba(arrays.X)))

    X, y = load_diabetes(return_X_y=True)
    model = xgboost.XGBRegressor(**FEW).fit(X, y)
    metrics = fitprint.last_run().metrics
    assert metrics["training_r2_score"] == pytest.approx(r2_score(y, model.predict(X)))


def test_the_score_of_held_out_data_is_told_by_its_measure(recorded, arrays):
    X, y = load_diabetes(return_X_y=True)
    for model, data, measure in (
        (xgboost.XGBClassifier(**FEW), (arrays.X, arrays.y), "accuracy"),
        (xgboost.XGBRegressor(**FEW), (X, y), "r2"),
    ):
        model.fit(data[0][:300], data[1][:300])
        assert model.score(data[0][300:], data[1][300:]) is not None
        assert f"FINISHED {measure} " in repr(fitprint.run_of(model))

    class Own(xgboost.XGBRegressor):
        def score(self, X, y):
            return 0.25

    model = Own(**FEW).fit(X[50:], y[50:])
    model.score(X[:50], y[:50])
    assert "FINISHED score 0.25 " in repr(fitprint.run_of(model))


def test_training_metrics_can_be_off_and_are_bounded(store):
    X = np.random.default_rng(0).normal(size=(5000, 3))
    y = X[:, 0] * 2
    fitprint.autolog(strict=True, quiet=True, log_training_metrics=False)
    xgboost.XGBRegressor(**FEW).fit(X, y)
    assert not fitprint.last_run().metrics

    fitprint.autolog(strict=True, quiet=True, max_metric_seconds=1e-6)
    xgboost.XGBRegressor(**FEW).fit(X, y, sample_weight=np.ones(5000))
    run = fitprint.last_run()
    assert "training_r2_score" in run.metrics
    assert ("max_metric_seconds", "taken on 100 of 5000 rows, seed 0") in [skip[1:] for skip in run.skipped]


@pytest.mark.parametrize("name", ["XGBRFClassifier", "XGBRFRegressor"])
def test_random_forests(recorded, frames, name):
    model = getattr(xgboost, name)(n_estimators=7, n_jobs=1)
    model.fit(frames.X, frames.y, eval_set=[(frames.X, frames.y)], verbose=False)
    (run,) = fitprint.runs()
    assert run.name == name
    assert run.params["n_estimators"] == 7
    assert run.params["num_boost_round"] == 1
    assert len([metric for metric in run.metrics if not metric.startswith("training_")]) == 1
    predicted = fitprint.load_model(run.model_path).predict(frames.X_test)
    assert (predicted == model.predict(frames.X_test)).all()


def test_a_ranker(recorded, frames):
    X = frames.X.assign(qid=np.repeat(np.arange(40), 10))
    model = xgboost.XGBRanker(**FEW)
    model.fit(X, frames.y, eval_set=[(X, frames.y)], verbose=False)
    (run,) = fitprint.runs()
    assert run.metric_history("validation_0-ndcg@32")
    loaded = fitprint.load_model(run.model_path)
    assert loaded.metadata.signature.inputs.input_names() == list(frames.X.columns)  # the query is no feature
    assert (loaded.predict(frames.X_test) == model.predict(frames.X_test)).all()


def test_early_stopping_and_the_estimator_s_own_callbacks(recorded, frames):
    stop = EarlyStopping(rounds=2)
    callbacks = [stop]
    model = xgboost.XGBClassifier(n_estimators=200, learning_rate=1.0, n_jobs=1, callbacks=callbacks)
    model.fit(frames.X, frames.y, eval_set=[(frames.X_test, frames.y_test)], verbose=False)
    run = fitprint.last_run()
    assert model.callbacks is callbacks
    assert callbacks == [stop]
    assert run.params["callbacks"] == ["EarlyStopping"]
    assert run.metrics["best_iteration"] == model.best_iteration
    assert run.metrics["best_score"] == model.best_score
    assert run.metrics["stopped_iteration"] == len(model.evals_result()["validation_0"]["logloss"]) - 1
    assert (fitprint.load_model(run.model_path).predict(frames.X) == model.predict(frames.X)).all()


def test_no_attribute_of_an_estimator_is_added(store, frames):
    bare = xgboost.XGBClassifier(**FEW).fit(frames.X, frames.y)
    fitprint.autolog(strict=True, quiet=True)
    recorded = xgboost.XGBClassifier(**FEW).fit(frames.X, frames.y)
    assert set(vars(recorded)) == set(vars(bare))
    assert recorded.get_booster().attributes() == bare.get_booster().attributes()


def near(truth, predicted):
    return predicted - truth, np.ones(len(truth))


def far(truth, predicted):
    return float(np.abs(truth - predicted).mean())


def test_a_custom_objective_and_metric(recorded, frames):
    model = xgboost.XGBRegressor(**FEW, objective=near, eval_metric=far)
    model.fit(frames.X, frames.y, eval_set=[(frames.X, frames.y)], verbose=False)
    run = fitprint.last_run()
    assert run.params["objective"] == f"{__name__}.near"
    assert run.params["custom_metric"] == run.params["eval_metric"] == f"{__name__}.far"
    assert run.metric_history("validation_0-far") == list(enumerate(model.evals_result()["validation_0"]["far"]))
    predicted = fitprint.load_model(run.model_path).predict(frames.X_test)
    np.testing.assert_array_equal(predicted, model.predict(frames.X_test))


def test_a_subclass_of_the_user_s(recorded, frames):
    class Mine(xgboost.XGBClassifier):
        def fit(self, X, y, **options):
            self.columns_ = list(X.columns)
            return super().fit(X, y, **options)

    Mine(**FEW).fit(X=frames.X, y=frames.y)
    (run,) = fitprint.runs()
    assert (run.name, run.flavor) == ("Mine", "xgboost")
    assert run.params["n_estimators"] == 5


def test_an_estimator_inside_another_leaves_no_run_of_its_own(recorded, frames):
    make_pipeline(StandardScaler(), xgboost.XGBClassifier(**FEW)).fit(frames.X, frames.y)
    assert [run.flavor for run in fitprint.runs()] == ["sklearn"]
    GridSearchCV(xgboost.XGBClassifier(**FEW), {"max_depth": [1, 2]}, cv=2).fit(frames.X, frames.y)
    assert [run.flavor for run in fitprint.runs() if run.parent_id is None] == ["sklearn"] * 2


def test_an_error_of_the_user_s_passes_untouched(recorded, frames):
    with pytest.raises(ValueError, match="Invalid classes inferred"):
        xgboost.XGBClassifier(**FEW).fit(frames.X, frames.y + 5)
    assert fitprint.last_run().status == "FAILED"


def test_the_unbound_method(recorded, frames):
    model = xgboost.XGBClassifier(**FEW)
    xgboost.XGBClassifier.fit(model, frames.X, frames.y)
    (run,) = fitprint.runs()
    assert run.name == "XGBClassifier"
    facts = json.loads((run.path / "artifacts/dataset.json").read_text())
    assert facts["inputs"]["rows"] == facts["target"]["rows"] == 400


def chosen(run):
    return {name: value for name, value in run.params.items() if name not in run.default_params}


def test_a_run_says_which_params_were_set(recorded, frames):
    xgboost.XGBClassifier().fit(frames.X, frames.y, verbose=False)
    assert chosen(fitprint.last_run()) == {}
    xgboost.XGBClassifier(**FEW, objective="binary:logitraw").fit(frames.X, frames.y)
    assert chosen(fitprint.last_run()) == {**FEW, "objective": "binary:logitraw"}
    xgboost.XGBClassifier(**FEW).fit(frames.X, np.arange(len(frames.X)) % 3)
    assert chosen(fitprint.last_run()) == FEW
    assert fitprint.last_run().params["objective"] == "multi:softprob"


def test_a_call_of_train_says_which_params_were_set(recorded, frames):
    matrix = xgboost.DMatrix(frames.X, frames.y)
    xgboost.train({"max_depth": 2}, matrix)
    assert chosen(fitprint.last_run()) == {"max_depth": 2}
    xgboost.train({"max_depth": 2}, matrix, num_boost_round=3)
    assert chosen(fitprint.last_run()) == {"max_depth": 2, "num_boost_round": 3}


def test_several_quantiles_of_each_row_are_a_reason_and_no_error(recorded):
    quantiles = {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]}
    X, y = load_diabetes(return_X_y=True)
    model = xgboost.XGBRegressor(**FEW, **quantiles).fit(X, y)
    assert model.predict(X).shape == (len(X), 3)
    run = fitprint.last_run()
    assert not run.metrics
    reason = "the model predicts 3 values of each row, such as quantiles, and the target has one"
    assert [tuple(skip) for skip in run.skipped] == [("training metrics", "several values", reason)]
    assert run.model_path is not None


def test_a_ranker_says_why_it_has_no_training_metrics(recorded):
    X, y = load_iris(return_X_y=True)
    xgboost.XGBRanker(**FEW).fit(X, y, qid=np.repeat([0, 1, 2], 50))
    reasons = {skip.what: skip.reason for skip in fitprint.last_run().skipped}
    assert reasons["training metrics"] == "there are none for XGBRanker, which is neither a regressor nor a classifier"
