"""`lightgbm.train` and `cv`: what is recorded, and that what the user hands over is as without us."""

from __future__ import annotations

import functools
import gc
import json
import weakref

import lightgbm
import numpy as np
import pandas as pd
import pytest

import fitprint
from fitprint.testing import immediate_flush

PARAMS = {"objective": "binary", "metric": ["auc", "binary_logloss"], "verbose": -1, "num_threads": 1, "seed": 1}


@pytest.fixture
def datasets(frames):
    train = lightgbm.Dataset(frames.X, frames.y)
    return train, lightgbm.Dataset(frames.X_test, frames.y_test, reference=train)


def train(datasets, rounds=10, params=PARAMS, **options):
    train, valid = datasets
    return lightgbm.train(params, train, rounds, **{"valid_sets": [valid], **options})


def test_early_stopping_that_the_params_ask_for(recorded, datasets):
    booster = train(datasets, 200, {**PARAMS, "early_stopping_round": 3, "learning_rate": 1.0})
    run = fitprint.last_run()
    assert 0 < booster.best_iteration < 200
    assert run.metrics["best_iteration"] == booster.best_iteration
    assert run.metrics["best_valid_0-auc"] == booster.best_score["valid_0"]["auc"]
    history = run.metric_history("valid_0-auc")
    assert run.metrics["stopped_iteration"] == len(history) > booster.best_iteration
    assert history[booster.best_iteration - 1][1] == booster.best_score["valid_0"]["auc"]


def test_without_early_stopping_nothing_is_best(recorded, datasets):
    train(datasets)
    assert set(fitprint.last_run().metrics) == {"valid_0-auc", "valid_0-binary_logloss"}


def squared(predicted, data):
    return predicted - data.get_label(), np.ones(len(predicted))


def worst(predicted, data):
    return "worst", float(np.max(np.abs(predicted - data.get_label()))), False


def test_a_custom_objective_and_metric(recorded, datasets, frames):
    result = {}
    params = {"objective": squared, "verbose": -1, "num_threads": 1}
    booster = train(
        datasets, params=params, feval=functools.partial(worst), callbacks=[lightgbm.record_evaluation(result)]
    )
    run = fitprint.last_run()
    assert run.params["objective"] == f"{__name__}.squared"
    assert run.params["feval"] == f"{__name__}.worst"
    assert run.metric_history("valid_0-worst") == list(enumerate(result["valid_0"]["worst"]))
    assert (fitprint.load_model(run.model_path).predict(frames.X_test) == booster.predict(frames.X_test)).all()


@pytest.mark.parametrize("more", [{"boosting": "dart"}, {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}])
def test_other_kinds_of_boosting(recorded, datasets, frames, more):
    booster = train(datasets, params={**PARAMS, **more})
    run = fitprint.last_run()
    assert len(run.metric_history("valid_0-auc")) == 10
    assert (fitprint.load_model(run.model_path).predict(frames.X_test) == booster.predict(frames.X_test)).all()


def test_continued_training_counts_on(recorded, datasets, frames):
    first = train(datasets, 3)
    again = lightgbm.Dataset(frames.X, frames.y)
    train((again, lightgbm.Dataset(frames.X_test, frames.y_test, reference=again)), 2, init_model=first)
    run = fitprint.last_run()
    assert [step for step, _ in run.metric_history("valid_0-auc")] == [3, 4]
    assert run.params["init_model"] == "<lightgbm.basic.Booster object>"


class Noting:
    """A callback without an order of its own: lightgbm writes one into it."""

    def __init__(self, error=None):
        self.seen, self.error = [], error

    def __call__(self, env):
        self.seen.append((env.iteration, len(env.evaluation_result_list)))
        if self.error is not None and env.iteration == 2:
            raise self.error


def test_callbacks_are_left_as_lightgbm_leaves_them(alike, frames):
    def tell():
        first, second, params = Noting(), Noting(), dict(PARAMS)
        callbacks = [first, second]
        data = lightgbm.Dataset(frames.X, frames.y)
        booster = lightgbm.train(params, data, 3, valid_sets=[data], callbacks=callbacks)
        assert callbacks == [first, second]
        assert params == PARAMS
        return [vars(callback) for callback in callbacks], booster.model_to_string(), sorted(vars(booster))

    assert [event["order"] for event in alike(tell)[0]] == [-2, -1]


@pytest.mark.parametrize("callbacks", [3, [object()], [3]])
def test_what_lightgbm_refuses_it_refuses_with_the_same_words(store, datasets, callbacks):
    def refused():
        with pytest.raises((TypeError, AttributeError)) as caught:
            train(datasets, 2, callbacks=callbacks)
        return str(caught.value)

    plain = refused()
    fitprint.autolog(quiet=True)
    assert refused() == plain


def test_callbacks_from_an_iterator_are_lightgbms_alone(recorded, datasets):
    assert train(datasets, 2, callbacks=iter(())).num_trees() == 2
    assert fitprint.last_run().models


def test_the_user_s_own_error_passes_and_what_was_measured_is_kept(recorded, datasets):
    error = KeyError("mine")
    with pytest.raises(KeyError) as caught:
        train(datasets, callbacks=[Noting(error)])
    assert caught.value is error
    run = fitprint.last_run()
    assert run.status == "FAILED"
    assert len(run.metric_history("valid_0-auc")) == 3
    assert not run.models


def test_metrics_can_be_read_while_it_trains(recorded, datasets):
    seen = []

    def reading(env):
        lines = "".join(file.read_text() for file in recorded.glob(".open/*/metrics.jsonl")).splitlines()
        seen.append(sum(json.loads(line)["name"] == "valid_0-auc" for line in lines))

    with immediate_flush():
        train(datasets, 4, callbacks=[reading])
    assert seen == [1, 2, 3, 4]


def test_importances(recorded, datasets):
    booster = train(datasets)
    written = json.loads((fitprint.last_run().path / "artifacts/feature_importance.json").read_text())
    assert list(written) == ["split", "gain"]
    assert list(written["gain"].values()) == booster.feature_importance("gain").tolist()
    assert list(written["split"]) == booster.feature_name()


def test_cross_validation(recorded, frames):
    data = lightgbm.Dataset(frames.X, frames.y)
    stop = lightgbm.early_stopping(2, verbose=False)
    options = {"nfold": 3, "metrics": "auc", "callbacks": [stop], "eval_train_metric": True, "return_cvbooster": True}
    result = lightgbm.cv({**PARAMS, "learning_rate": 1.0}, data, 30, **options)
    run = fitprint.last_run()
    best = len(result["valid auc-mean"])
    assert run.metrics["best_iteration"] == best
    for kind in ("mean", "stdv"):
        assert [value for _, value in run.metric_history(f"valid-auc-{kind}")][:best] == result[f"valid auc-{kind}"]
    assert run.metric_history("train-auc-mean")
    assert {name: run.params[name] for name in ("nfold", "metrics", "stratified")} == {
        "nfold": 3,
        "metrics": "auc",
        "stratified": True,
    }
    table = pd.read_csv(run.path / "artifacts/cv_results.csv")
    assert table["valid auc-mean"].tolist() == pytest.approx(result["valid auc-mean"])
    assert not run.models


def test_one_run_under_every_name_and_all_is_put_back(store, frames):
    from lightgbm import train as bound

    def everything():
        names = [vars(module)[name] for module in (lightgbm, lightgbm.engine) for name in ("train", "cv")]
        classes = (lightgbm.LGBMModel, lightgbm.LGBMClassifier, lightgbm.LGBMRegressor, lightgbm.LGBMRanker)
        return [
            *names,
            lightgbm.sklearn.train,
            *(vars(cls)["fit"] for cls in classes),
            vars(lightgbm.Dataset)["__init__"],
        ]

    before = everything()
    fitprint.autolog(strict=True, quiet=True)
    assert not any(now is then for now, then in zip(everything(), before, strict=True))
    for function in (lightgbm.train, lightgbm.engine.train, lightgbm.sklearn.train, bound):
        function(PARAMS, lightgbm.Dataset(frames.X, frames.y), 1)
    assert [run.name for run in fitprint.runs()] == ["Booster"] * (3 if bound is before[0] else 4)
    fitprint.disable()
    assert all(now is then for now, then in zip(everything(), before, strict=True))


def test_neither_data_nor_model_is_kept_alive(recorded, frames):
    X, y = frames.X.copy(), frames.y.copy()
    data = lightgbm.Dataset(X, y)
    booster = lightgbm.train(PARAMS, data, 2, valid_sets=[data])
    gone = [weakref.ref(value) for value in (X, y, data, booster)]
    del X, y, data, booster
    gc.collect()
    assert [reference() for reference in gone] == [None] * 4


def test_a_dataset_frees_its_data_as_early_as_without_us(recorded, frames):
    """While it trains, nobody but the user holds the raw data any longer."""
    X = frames.X.copy()
    gone, seen = weakref.ref(X), []
    data = lightgbm.Dataset(X, frames.y)
    assert data._handle is None  # not constructed by us
    del X
    lightgbm.train(PARAMS, data, 2, callbacks=[lambda env: seen.append(gone())])
    gc.collect()
    assert data.data is None
    assert gone() is None
    assert seen[-1] is None
