"""What the user hands to xgboost and gets from it: the same objects with the same content as without recording."""

from __future__ import annotations

import collections
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import xgboost
from xgboost.callback import EarlyStopping, EvaluationMonitor, LearningRateScheduler, TrainingCallback

PARAMS = {"objective": "binary:logistic", "nthread": 1, "seed": 3}
FEW = {"n_estimators": 3, "n_jobs": 1}
X, y = np.random.default_rng(0).random((60, 3)), np.arange(60) % 2


class Noting(TrainingCallback):
    """Notes everything that it is given."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def before_training(self, model):
        self.seen.append(("before", type(model).__name__))
        return model

    def before_iteration(self, model, epoch, evals_log):
        self.seen.append(("before", epoch, repr(evals_log)))
        return False

    def after_iteration(self, model, epoch, evals_log):
        self.seen.append(("after", epoch, repr(evals_log), type(evals_log).__name__, model.num_boosted_rounds()))
        return False

    def after_training(self, model):
        self.seen.append(("after", type(model).__name__, sorted(vars(model)), model.attr("best_iteration")))
        return model


def near(predicted, data):
    return predicted - data.get_label(), np.ones(len(predicted))


def far(predicted, data):
    return "far", float(np.abs(predicted - data.get_label()).mean())


def of_estimators(truth, predicted):
    return predicted - truth, np.ones(len(truth))


def contents(given):
    """The identity of an object and of all that is in it."""
    items = given.items() if isinstance(given, dict) else enumerate(given)
    return [id(given), *((name, id(value)) for name, value in items)]


@pytest.mark.parametrize("cross_validated", [False, True])
def test_every_argument_is_the_same_object_with_the_same_content(alike, cross_validated, capfd):
    def tell():
        noting, monitor = Noting(), EvaluationMonitor(period=2)
        matrix = xgboost.DMatrix(X, y, feature_names=list("abc"))
        callbacks, evals, result = [noting, monitor], [(matrix, "train")], {}
        params = {**PARAMS, "eval_metric": ["auc"]}
        before = [contents(argument) for argument in (callbacks, params, evals, params["eval_metric"])]
        if cross_validated:
            found = xgboost.cv(
                params, matrix, 3, nfold=2, obj=near, custom_metric=far, callbacks=callbacks, seed=1
            ).to_csv()
        else:
            options = {"evals": evals, "evals_result": result, "obj": near, "custom_metric": far}
            booster = xgboost.train(params, matrix, 3, callbacks=callbacks, **options)
            found = bytes(booster.save_raw("ubj"))
        assert [contents(argument) for argument in (callbacks, params, evals, params["eval_metric"])] == before
        assert evals[0][0] is matrix
        printed = capfd.readouterr()
        return noting.seen, result, found, sorted(vars(matrix)), sorted(vars(noting)), printed.out, printed.err

    assert len(alike(tell)[0]) == 8


def test_callbacks_see_a_plain_dict_of_metrics_and_may_stop(alike):
    class Stops(TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            return epoch == 2

    def tell():
        matrix, result = xgboost.DMatrix(X, y), {}
        rates = LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1))
        callbacks = [rates, Stops()]
        options = {"evals": [(matrix, "train")], "evals_result": result, "verbose_eval": False}
        booster = xgboost.train(PARAMS, matrix, 9, callbacks=callbacks, **options)
        return booster.num_boosted_rounds(), result, type(result["train"]).__name__, len(callbacks)

    assert alike(tell)[0] == 3


def test_the_callbacks_of_an_estimator(alike):
    def tell():
        first, second = Noting(), EarlyStopping(rounds=1)
        callbacks = [first, second]
        model = xgboost.XGBClassifier(**FEW, callbacks=callbacks)
        model.fit(X, y, eval_set=[(X, y)], verbose=False)
        same = model.callbacks is callbacks and [*map(id, callbacks)] == [id(first), id(second)]
        others = [Noting()]
        model.set_params(callbacks=others).fit(X, y, eval_set=[(X, y)], verbose=False)
        same = same and model.get_params()["callbacks"] is others and len(others) == 1
        return same, first.seen, others[0].seen, model.evals_result(), sorted(vars(model)), model.get_xgb_params()

    assert alike(tell)[0]


ESTIMATORS = {
    "a classifier": lambda: xgboost.XGBClassifier(**FEW),
    "a regressor": lambda: xgboost.XGBRegressor(**FEW, random_state=1, subsample=0.5),
    "a forest": lambda: xgboost.XGBRFRegressor(**FEW),
    "with an objective": lambda: xgboost.XGBRegressor(**FEW, objective=of_estimators),
    "with a state": lambda: xgboost.XGBRegressor(**FEW, random_state=np.random.RandomState(3), subsample=0.5),
    "with a generator": lambda: xgboost.XGBRegressor(**FEW, random_state=np.random.default_rng(3), subsample=0.5),
    "verbose": lambda: xgboost.XGBClassifier(**FEW, verbosity=2),
}


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_fitted_estimator_is_byte_for_byte_the_same(alike, kind):
    def tell():
        model = ESTIMATORS[kind]()
        given = dict(vars(model))
        assert model.fit(X, y) is model
        kept = [name for name, value in given.items() if vars(model)[name] is not value]
        state = model.get_params()["random_state"]
        drawn = state if state is None or isinstance(state, int) else state.__getstate__()
        return kept, sorted(vars(model)), pickle.dumps(model.get_booster()), str(drawn), model.predict(X).tobytes()

    alike(tell)


def test_the_matrix_is_the_same(alike):
    def tell():
        frame = pd.DataFrame(X, columns=list("abc"))
        frame.attrs["mine"] = [1]
        matrix = xgboost.DMatrix(frame, y, weight=np.ones(60), base_margin=np.zeros(60))
        booster = xgboost.train(PARAMS, matrix, 2)
        facts = [matrix.get_label().tobytes(), matrix.get_weight().tobytes(), matrix.get_base_margin().tobytes()]
        facts += [matrix.get_data().toarray().tobytes(), matrix.feature_names, matrix.feature_types]
        return [*facts, sorted(vars(matrix)), sorted(vars(booster)), booster.attributes(), frame.attrs, list(frame)]

    alike(tell)


class Parts(xgboost.DataIter):
    """Two parts of the data; counts how often it is asked for one."""

    def __init__(self):
        self.at = 0
        self.asked = collections.Counter()
        super().__init__()

    def next(self, input_data):
        self.asked["next"] += 1
        if self.at == 2:
            return False
        rows = slice(30 * self.at, 30 * self.at + 30)
        input_data(data=X[rows], label=y[rows])
        self.at += 1
        return True

    def reset(self):
        self.asked["reset"] += 1
        self.at = 0


@pytest.mark.parametrize("kind", [xgboost.DMatrix, xgboost.QuantileDMatrix])
def test_an_iterator_of_data_is_asked_by_xgboost_alone(alike, kind):
    def tell():
        parts = Parts()
        matrix = kind(parts, nthread=1)
        xgboost.train(PARAMS, matrix, 2, evals=[(matrix, "train")], verbose_eval=False)
        return parts.asked, parts.at

    alike(tell)


def test_random_states_are_where_they_would_be(alike):
    def tell():
        np.random.seed(1)
        xgboost.XGBRegressor(**FEW, subsample=0.5).fit(X, y)
        xgboost.cv(PARAMS, xgboost.DMatrix(X, y), 2, nfold=2)
        return np.random.get_state()[1].tobytes(), xgboost.get_config()

    alike(tell)


def test_warnings_are_the_user_s_alone(alike):
    def tell():
        matrix = xgboost.DMatrix(X, y)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")  # the texts begin with the time: "default" would merge those of a second
            before = warnings.filters, list(warnings.filters)
            xgboost.train({**PARAMS, "nonsense": 1}, matrix, 1)
            xgboost.XGBClassifier(**FEW, nonsense=1).fit(X, y)
            assert warnings.filters is before[0]
            assert list(warnings.filters) == before[1]
        return [(warning.category, str(warning.message)[10:], warning.filename, warning.lineno) for warning in found]

    assert alike(tell)
