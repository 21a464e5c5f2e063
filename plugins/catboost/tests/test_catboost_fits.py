"""Every class's `fit`, `train` and `cv`: what is recorded, and that what the user hands over is as without us."""

from __future__ import annotations

import gc
import json
import weakref

import catboost
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fitprint
from fitprint.testing import immediate_flush

FEW = {"iterations": 5, "thread_count": 1, "verbose": False, "allow_writing_files": False, "random_seed": 1}


class Noting:
    def __init__(self, error=None, last=None):
        self.seen, self.error, self.last = [], error, last

    def after_iteration(self, info):
        self.seen.append((info.iteration, sorted(info.metrics)))
        if self.error is not None and info.iteration == 3:
            raise self.error
        return info.iteration != self.last


def test_training_metrics_without_an_evaluation_set(recorded, frames):
    model = catboost.CatBoostClassifier(**FEW).fit(frames.X, frames.y)
    run = fitprint.last_run()
    assert run.metrics["training_accuracy_score"] == accuracy_score(frames.y, model.predict(frames.X))
    assert run.metric_history("learn-Logloss") == list(enumerate(model.get_evals_result()["learn"]["Logloss"]))
    model = catboost.CatBoostRegressor(**FEW).fit(catboost.Pool(frames.X, frames.X["a"]))
    assert fitprint.last_run().metrics["training_r2_score"] == pytest.approx(
        r2_score(frames.X["a"], model.predict(frames.X))
    )


def test_training_metrics_beside_those_of_an_evaluation_set(recorded, frames):
    model = catboost.CatBoostClassifier(**FEW).fit(frames.X, frames.y, eval_set=(frames.X_test, frames.y_test))
    metrics = fitprint.last_run().metrics
    assert metrics["training_accuracy_score"] == accuracy_score(frames.y, model.predict(frames.X))
    assert "validation-Logloss" in metrics


def test_several_quantiles_of_each_row_are_a_reason_and_no_error(recorded, frames):
    model = catboost.CatBoostRegressor(**FEW, loss_function="MultiQuantile:alpha=0.1,0.5,0.9")
    model.fit(frames.X, frames.X["a"])
    assert ("training metrics", "several values") in [skip[:2] for skip in fitprint.last_run().skipped]
    assert fitprint.evaluate(model, frames.X, frames.X["a"]).metrics == {"example_count": len(frames.X)}


@pytest.mark.parametrize("labels", [["no", "yes"], ["no", "yes", "maybe"], [False, True]])
def test_classes_are_evaluated_by_their_names(recorded, frames, labels):
    target = np.array(labels)[np.arange(200) % len(labels)]
    model = catboost.CatBoostClassifier(**FEW).fit(frames.X, target)
    result = fitprint.evaluate(model, frames.X, target)
    predicted = model.predict(frames.X).astype(str).ravel()
    assert result.metrics["accuracy_score"] == accuracy_score(target.astype(str), predicted)
    assert "log_loss" in result.metrics


def test_the_base_class_is_evaluated_by_its_loss(recorded, frames):
    model = catboost.CatBoost({**FEW, "loss_function": "Logloss"}).fit(frames.X, frames.y)
    estimator = catboost.CatBoostClassifier(**FEW).fit(frames.X, frames.y)
    expected = fitprint.evaluate(estimator, frames.X_test, frames.y_test).metrics
    assert fitprint.evaluate(model, frames.X_test, frames.y_test).metrics == pytest.approx(expected)


@pytest.mark.parametrize("labels", [["no", "yes"], ["no", "yes", "maybe"], [False, True]])
def test_classes(recorded, frames, labels):
    target = np.array(labels)[np.arange(200) % len(labels)]
    model = catboost.CatBoostClassifier(**FEW).fit(frames.X, target)
    run = fitprint.last_run()
    predicted = model.predict(frames.X).astype(str)  # early versions make texts of true and false
    assert run.metrics["training_accuracy_score"] == accuracy_score(target.astype(str), predicted)
    loaded = fitprint.load_model(run.model_path, trust="no-pickle")
    assert (loaded.predict(frames.X) == model.predict(frames.X)).all()


def test_params_are_the_user_s_and_what_catboost_decided(recorded, frames):
    model = catboost.CatBoostClassifier(**FEW).fit(frames.X, frames.y, use_best_model=False)
    params = fitprint.last_run().params
    assert set(params) >= {*model.get_params(), *model.get_all_params(), "use_best_model"}
    assert params["learning_rate"] == pytest.approx(model.learning_rate_)
    assert params["subsample"] == 0.8  # catboost itself says 0.800000011920929


def test_more_iterations_than_callbacks_are_cheap_for(recorded, frames):
    model = catboost.CatBoostRegressor(**{**FEW, "iterations": 1100, "depth": 1}).fit(frames.X, frames.y)
    history = fitprint.last_run().metric_history("learn-RMSE")
    assert history == list(enumerate(model.get_evals_result()["learn"]["RMSE"]))
    assert len(history) == 1100


@pytest.mark.parametrize("where", ["fit", "params"])
def test_metrics_that_catboost_computes_now_and_then(recorded, frames, where):
    given, params = ({"metric_period": 5}, {}) if where == "fit" else ({}, {"metric_period": 5})
    catboost.CatBoostRegressor(**{**FEW, "iterations": 18}, **params).fit(frames.X, frames.y, **given)
    assert [step for step, _ in fitprint.last_run().metric_history("learn-RMSE")] == [0, 5, 10, 15, 17]


def test_callbacks_are_asked_as_without_us(alike, frames):
    def tell():
        first, second = Noting(), Noting(last=4)
        callbacks = [first, second]
        model = catboost.CatBoostRegressor(**{**FEW, "iterations": 9}).fit(frames.X, frames.y, callbacks=callbacks)
        assert callbacks == [first, second]
        later = Noting()
        catboost.CatBoostRegressor(**FEW).fit(frames.X, frames.y, callbacks=iter([later]))
        return first.seen, second.seen, later.seen, model.tree_count_, sorted(vars(model)), model.get_params()

    first, _, later, trees, *_ = alike(tell)
    assert len(first) == trees == 4
    assert len(later) == 1  # an iterator is at its end after one iteration


def test_the_user_s_own_error_passes_and_what_was_measured_is_kept(recorded, frames):
    with pytest.raises(catboost.CatBoostError, match="mine"):  # which catboost makes of it
        catboost.CatBoostRegressor(**FEW).fit(frames.X, frames.y, callbacks=[Noting(KeyError("mine"))])
    run = fitprint.last_run()
    assert run.status == "FAILED"
    assert len(run.metric_history("learn-RMSE")) == 3
    assert not run.models


def test_metrics_can_be_read_while_it_trains(recorded, frames):
    seen = []

    class Reading:
        def after_iteration(self, info):
            lines = "".join(file.read_text() for file in recorded.glob(".open/*/metrics.jsonl")).splitlines()
            seen.append(len(lines))
            return True

    with immediate_flush():
        catboost.CatBoostRegressor(**FEW).fit(frames.X, frames.y, callbacks=[Reading()])
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("as_pandas", [True, False])
def test_cross_validation(recorded, frames, as_pandas):
    pool = catboost.Pool(frames.X, frames.y)
    result = catboost.cv(pool, {**FEW, "loss_function": "Logloss"}, fold_count=3, as_pandas=as_pandas, verbose=False)
    run = fitprint.last_run()
    assert run.metric_history("test-Logloss-mean") == list(enumerate(result["test-Logloss-mean"]))
    assert (run.params["fold_count"], run.params["loss_function"]) == (3, "Logloss")
    table = pd.read_csv(run.path / "artifacts/cv_results.csv")
    assert table["test-Logloss-std"].tolist() == pytest.approx(list(result["test-Logloss-std"]))
    assert not run.models


def test_train_under_both_names_of_its_pool(recorded, frames):
    params = {**FEW, "loss_function": "Logloss"}
    for name in ("pool", "dtrain"):
        model = catboost.train(params=params, **{name: catboost.Pool(frames.X, frames.y)})
        run = fitprint.last_run()
        assert (run.name, run.flavor) == ("CatBoost", "catboost")
        loaded = fitprint.load_model(run.model_path)
        assert loaded.metadata.signature.inputs.input_names() == list("abcd")
        assert (loaded.predict(frames.X) == model.predict(frames.X)).all()
        facts = json.loads((run.path / "artifacts/dataset.json").read_text())
        assert facts["inputs"]["rows"] == facts["target"]["rows"] == 200
    assert len(fitprint.runs()) == 2


def test_a_ranker_has_no_importances_by_itself(recorded, frames):
    model = catboost.CatBoostRanker(**FEW).fit(frames.X, frames.y, group_id=np.repeat(np.arange(20), 10))
    run = fitprint.last_run()
    assert "feature_importance.json" in [skip.what for skip in run.skipped]
    assert (fitprint.load_model(run.model_path).predict(frames.X) == model.predict(frames.X)).all()


def test_importances(recorded, frames):
    model = catboost.CatBoostRegressor(**FEW).fit(frames.X, frames.y)
    written = json.loads((fitprint.last_run().path / "artifacts/feature_importance.json").read_text())
    assert written == dict(zip("abcd", model.feature_importances_.tolist(), strict=True))


def test_inside_scikit_learn_it_is_one_run(recorded, frames):
    make_pipeline(StandardScaler(), catboost.CatBoostRegressor(**FEW)).fit(frames.X, frames.y)
    GridSearchCV(catboost.CatBoostClassifier(**FEW), {"depth": [1, 2]}, cv=2).fit(frames.X, frames.y)
    outermost = [run for run in fitprint.runs() if run.parent_id is None]
    assert [run.name for run in outermost] == ["GridSearchCV", "Pipeline"]
    assert len(outermost[0].children) == 2


def test_everything_is_put_back(store):
    classes = (catboost.CatBoost, catboost.CatBoostClassifier, catboost.CatBoostRegressor, catboost.CatBoostRanker)

    def everything():
        names = [vars(module)[name] for module in (catboost, catboost.core) for name in ("train", "cv")]
        return [
            *names,
            *(vars(cls)["fit"] for cls in classes),
            vars(catboost.CatBoost)["_fit"],
            catboost.Pool.__init__,
        ]

    before = everything()
    fitprint.autolog(quiet=True)
    assert not any(now is then for now, then in zip(everything(), before, strict=True))
    fitprint.disable()
    assert all(now is then for now, then in zip(everything(), before, strict=True))


def test_neither_data_nor_model_is_kept_alive(recorded, frames):
    X, y = frames.X.copy(), frames.y.copy()
    pool = catboost.Pool(X, y)
    model = catboost.CatBoostClassifier(**FEW).fit(pool, callbacks=[Noting()])
    gone = [weakref.ref(value) for value in (X, y, pool, model)]
    del X, y, pool, model
    gc.collect()
    assert [reference() for reference in gone] == [None] * 4


def test_files_of_catboosts_own_are_written_as_without_us(alike, frames, tmp_path):
    def tell():
        catboost.CatBoostRegressor(**{**FEW, "allow_writing_files": True}).fit(frames.X, frames.y)
        return sorted(path.name for path in (tmp_path / "catboost_info").iterdir())

    assert "learn_error.tsv" in alike(tell)
    assert {path.name for path in tmp_path.iterdir()} == {"catboost_info", "store"}
