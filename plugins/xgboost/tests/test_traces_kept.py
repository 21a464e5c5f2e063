"""Data, matrices, models, functions and callbacks are not kept alive by a recording, of failed calls neither."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import xgboost
from xgboost.callback import TrainingCallback

import fitprint

PARAMS = {"objective": "binary:logistic", "nthread": 1, "seed": 3}
FEW = {"n_estimators": 3, "n_jobs": 1}
X, y = np.random.default_rng(0).random((60, 3)), np.arange(60) % 2


class Kept:
    """An argument that can be referred to weakly."""

    def __call__(self, predicted, data):
        return predicted - data.get_label(), np.ones(len(predicted))


class Keeping(TrainingCallback):
    def __init__(self, error=None):
        super().__init__()
        self.error = error

    def after_iteration(self, model, epoch, evals_log):
        if self.error is not None:
            raise self.error
        return False


@pytest.mark.parametrize("error", [None, KeyError("x"), KeyboardInterrupt()])
@pytest.mark.parametrize("cross_validated", [False, True])
def test_nothing_of_a_call_is_kept_alive(store, cross_validated, error):
    fitprint.autolog(quiet=True)
    data, target, objective, callback = X.copy(), y.copy(), Kept(), Keeping(error)
    matrix, other = xgboost.DMatrix(data, target), xgboost.DMatrix(data, target)
    result = None
    kept = None
    try:
        if cross_validated:
            xgboost.cv(PARAMS, matrix, 2, nfold=2, obj=objective, callbacks=[callback])
        else:
            options = {"obj": objective, "callbacks": [callback], "verbose_eval": False}
            result = xgboost.train(PARAMS, matrix, 2, evals=[(other, "other")], **options)
    except BaseException as raised:  # noqa: BLE001  an interrupt is one of them
        kept = raised.with_traceback(None)
    assert kept is error
    options = None
    everything = [data, target, objective, callback, matrix, other, *([result] if result is not None else [])]
    gone = [weakref.ref(value) for value in everything]
    del data, target, objective, callback, matrix, other, result, everything
    gc.collect()
    assert [reference() for reference in gone] == [None] * len(gone)
    assert len(fitprint.runs()) == 1


def test_nothing_of_an_estimator_is_kept_alive(store):
    fitprint.autolog(quiet=True)
    data, target, callback = X.copy(), y.copy(), Keeping()
    model = xgboost.XGBClassifier(**FEW, callbacks=[callback])
    model.fit(data, target, eval_set=[(data, target)], verbose=False)
    gone = [weakref.ref(value) for value in (data, target, callback, model, model.get_booster())]
    del data, target, callback, model
    gc.collect()
    assert [reference() for reference in gone] == [None] * 5
