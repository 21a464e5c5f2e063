"""`xgboost.train`: what is recorded, and that the user's own call is as without us."""

from __future__ import annotations

import functools
import gc
import inspect
import json
import weakref

import numpy as np
import pytest
import xgboost
from xgboost.callback import EarlyStopping, EvaluationMonitor, TrainingCallback

import fitprint
from fitprint.testing import immediate_flush

PARAMS = {"objective": "binary:logistic", "eval_metric": ["logloss", "error@0.7"], "max_depth": 3, "nthread": 1}


IN_ORDER = not xgboost.__version__.startswith("2.")
"""Earlier versions call callbacks in no order."""


@pytest.fixture
def matrices(arrays):
    return xgboost.DMatrix(arrays.X, arrays.y), xgboost.DMatrix(arrays.X_test, arrays.y_test)


def train(matrices, rounds=10, params=PARAMS, **options):
    train, valid = matrices
    options = {"evals": [(train, "train"), (valid, "valid")], "verbose_eval": False, **options}
    return xgboost.train(params, train, rounds, **options)


def test_every_metric_of_every_round_is_recorded(recorded, matrices):
    result = {}
    train(matrices, evals_result=result)
    run = fitprint.last_run()
    series = {f"{data}-{name}": values for data, log in result.items() for name, values in log.items()}
    assert set(series) == {"train-logloss", "train-error@0.7", "valid-logloss", "valid-error@0.7"}
    for name, values in series.items():
        assert run.metric_history(name) == list(enumerate(values))
        assert run.metrics[name] == values[-1]
    assert set(run.metrics) == set(series)  # neither early stopping nor anything else took place


def test_params_are_those_of_mlflow(recorded, matrices):
    train(matrices, rounds=2)
    assert fitprint.last_run().params == {
        **PARAMS,
        "num_boost_round": 2,
        "early_stopping_rounds": None,
        "verbose_eval": False,
        "maximize": None,
        "custom_metric": None,
    }


def test_params_given_as_pairs(recorded, matrices):
    pairs = [("objective", "binary:logistic"), ("eval_metric", "auc"), ("eval_metric", "logloss")]
    train(matrices, rounds=2, params=pairs)
    run = fitprint.last_run()
    assert run.params["eval_metric"] == ["auc", "logloss"]
    assert {"valid-auc", "valid-logloss"} <= set(run.metrics)


def test_early_stopping(recorded, matrices):
    result = {}
    booster = train(matrices, 200, early_stopping_rounds=3, evals_result=result, params={**PARAMS, "eta": 1.0})
    run = fitprint.last_run()
    rounds = len(result["valid"]["logloss"])
    assert rounds < 200
    assert run.metrics["best_iteration"] == booster.best_iteration
    assert run.metrics["best_score"] == booster.best_score
    assert run.metrics["stopped_iteration"] == rounds - 1
    assert len(run.metric_history("valid-logloss")) == rounds


def test_early_stopping_by_a_callback_that_keeps_the_best(recorded, matrices):
    result = {}
    stop = EarlyStopping(rounds=3, save_best=True, data_name="valid", metric_name="logloss")
    booster = train(matrices, 200, callbacks=[stop], evals_result=result, params={**PARAMS, "eta": 1.0})
    run = fitprint.last_run()
    assert run.metrics["best_iteration"] == booster.best_iteration == booster.num_boosted_rounds() - 1
    assert run.metrics["stopped_iteration"] == len(result["valid"]["logloss"]) - 1


def squared(predicted, matrix):
    return predicted - matrix.get_label(), np.ones(len(predicted))


def worst(predicted, matrix):
    return "worst", float(np.max(np.abs(predicted - matrix.get_label())))


def test_a_custom_objective_and_metric(recorded, matrices):
    result = {}
    metric = functools.partial(worst)
    train(matrices, obj=squared, custom_metric=metric, params={"nthread": 1}, evals_result=result)
    run = fitprint.last_run()
    assert run.params["obj"] == f"{__name__}.squared"
    assert run.params["custom_metric"] == f"{__name__}.worst"
    assert run.metric_history("valid-worst") == list(enumerate(result["valid"]["worst"]))


class Noting(TrainingCallback):
    def __init__(self):
        super().__init__()
        self.calls = []

    def after_iteration(self, model, epoch, evals_log):
        self.calls.append((epoch, list(evals_log)))
        return False


def test_what_the_user_passes_stays_as_it_was(recorded, matrices):
    noting = Noting()
    callbacks, params, evals, result = [noting], dict(PARAMS), [(matrices[1], "valid")], {}
    train(matrices, 4, params, callbacks=callbacks, evals=evals, evals_result=result)
    assert callbacks == [noting]
    assert params == PARAMS
    assert evals == [(matrices[1], "valid")]
    assert noting.calls == [(epoch, ["valid"]) for epoch in range(4)]
    assert list(result) == ["valid"]
    assert len(result["valid"]["logloss"]) == 4


def test_the_log_is_xgboosts_alone(recorded, matrices):
    """A user's callback may write to the log it is given: that is its own business, and not ours to undo."""
    seen = []

    class Keeping(TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            seen.append(evals_log)
            return False

    result = {}
    train(matrices, 3, callbacks=[Keeping()], evals_result=result)
    assert all(value is seen[0] for value in seen)
    assert seen[0] == result


def test_callbacks_keep_their_order(recorded, matrices, capsys):
    order = []

    def noting(name, base=TrainingCallback, **arguments):
        def after_iteration(self, model, epoch, evals_log):
            order.append(name)
            return base.after_iteration(self, model, epoch, evals_log)

        return type(name, (base,), {"after_iteration": after_iteration})(**arguments)

    callbacks = [noting("first"), noting("stops", EarlyStopping, rounds=1), noting("monitor", EvaluationMonitor)]
    train(matrices, 1, callbacks=callbacks)
    assert order == ["first", "stops", "monitor"] if IN_ORDER else sorted(order) == ["first", "monitor", "stops"]
    capsys.readouterr()


@pytest.mark.filterwarnings("ignore:Pass `evals")
def test_arguments_given_by_position(recorded, matrices):
    noting = Noting()
    callbacks, result = [noting], {}
    d, valid = matrices
    options = {"evals": [(valid, "valid")], "early_stopping_rounds": 2, "evals_result": result, "verbose_eval": False}
    options |= {"num_boost_round": 5, "callbacks": callbacks}
    names = list(inspect.signature(xgboost.train).parameters)[2:]
    xgboost.train(PARAMS, d, *(options.get(name) for name in names[: names.index("callbacks") + 1]))
    run = fitprint.last_run()
    assert run.params["num_boost_round"] == 5
    assert run.params["early_stopping_rounds"] == 2
    assert run.params["verbose_eval"] is False
    assert run.metric_history("valid-logloss") == list(enumerate(result["valid"]["logloss"]))
    assert callbacks == [noting]
    assert len(noting.calls) == 5
    assert run.metrics["best_iteration"] == 4.0


def test_callbacks_from_an_iterator(recorded, matrices):
    noting = Noting()
    train(matrices, 3, callbacks=iter([noting]))
    assert len(noting.calls) == 3


def test_metrics_can_be_read_while_it_trains(recorded, matrices):
    seen = []

    class Reading(TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            written = [file.read_text() for file in recorded.glob(".open/*/metrics.jsonl")]
            lines = [json.loads(line) for line in "".join(written).splitlines()]
            seen.append(sum(line["name"] == "valid-logloss" for line in lines))
            return False

    with immediate_flush():
        train(matrices, 5, callbacks=[Reading()])
    assert seen in ([[1, 2, 3, 4, 5]] if IN_ORDER else [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]])
    assert len(fitprint.last_run().metric_history("valid-logloss")) == 5  # none twice


def test_an_error_of_ours_does_not_reach_the_training(recorded, matrices, monkeypatch):
    fitprint.autolog(quiet=True, strict=False)

    def broken(*arguments):
        raise OSError("the disk is full")

    monkeypatch.setattr("fitprint._runs.writer.RunWriter.flush_if_due", broken)
    with immediate_flush():
        assert train(matrices, 3).num_boosted_rounds() == 3
    assert [skip.rule for skip in fitprint.last_run().skipped] == ["error"]


def test_the_user_s_own_error_passes_untouched(recorded, matrices):
    error = KeyError("mine")

    class Failing(TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            if epoch == 2:
                raise error
            return False

    with pytest.raises(KeyError) as caught:
        train(matrices, callbacks=[Failing()])
    assert caught.value is error
    run = fitprint.last_run()
    assert run.status == "FAILED"
    assert len(run.metric_history("valid-logloss")) == 3
    assert not run.models


def test_a_refused_call_is_refused_as_without_us(recorded, matrices):
    with pytest.raises(TypeError, match="instance of `TrainingCallback`"):
        train(matrices, callbacks=[object()])
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'dtrain'"):
        xgboost.train(PARAMS)


def test_training_is_continued(recorded, matrices):
    first = train(matrices, 3)
    booster = train(matrices, 4, xgb_model=first)
    run = fitprint.last_run()
    assert booster.num_boosted_rounds() == 7
    assert [step for step, _ in run.metric_history("valid-logloss")] == [0, 1, 2, 3]  # as in xgboost's own log


def test_importances(recorded, matrices):
    booster = train(matrices)
    run = fitprint.last_run()
    written = json.loads((run.path / "artifacts/feature_importance.json").read_text())
    assert list(written) == ["weight", "gain", "cover"]
    assert written["gain"] == booster.get_score(importance_type="gain")


def test_a_linear_model_has_its_weights(recorded, matrices):
    booster = train(matrices, params={"booster": "gblinear", "nthread": 1})
    run = fitprint.last_run()
    written = json.loads((run.path / "artifacts/feature_importance.json").read_text())
    assert written == {"weight": booster.get_score(importance_type="weight")}
    assert run.models


def test_importances_of_many_features_are_complete(recorded):
    values = np.eye(1500, dtype=np.float32)
    label = np.random.default_rng(0).normal(size=1500)
    params = {"booster": "gblinear", "nthread": 1}
    xgboost.train(params, xgboost.DMatrix(values, label), 1)
    run = fitprint.last_run()
    assert len(json.loads((run.path / "artifacts/feature_importance.json").read_text())["weight"]) == 1500


def test_one_run_under_every_name(recorded, matrices):
    from xgboost import train as bound

    for function in (xgboost.train, xgboost.training.train, xgboost.sklearn.train, bound):
        function(PARAMS, matrices[0], 1)
    runs = fitprint.runs()
    assert [run.name for run in runs] == ["Booster"] * 4
    assert {run.flavor for run in runs} == {"xgboost"}


def test_everything_is_put_back(store):
    classes = (xgboost.XGBModel, xgboost.XGBClassifier, xgboost.XGBRFClassifier, xgboost.XGBRanker)
    matrices = (xgboost.DMatrix, xgboost.QuantileDMatrix)

    def all_of_it():
        names = [vars(module)["train"] for module in (xgboost, xgboost.training, xgboost.sklearn)]
        names += [xgboost.cv, xgboost.training.cv]
        return names + [vars(cls)["fit"] for cls in classes] + [vars(cls)["__init__"] for cls in matrices]

    before = all_of_it()
    fitprint.autolog(quiet=True)
    assert not any(ours is theirs for ours, theirs in zip(all_of_it(), before, strict=True))
    assert "fit" not in vars(xgboost.XGBRegressor)
    fitprint.disable()
    assert all(now is then for now, then in zip(all_of_it(), before, strict=True))


def test_neither_data_nor_model_is_kept_alive(recorded, arrays):
    X, y = arrays.X.copy(), arrays.y.copy()
    matrix = xgboost.DMatrix(X, y)
    booster = xgboost.train(PARAMS, matrix, 2, evals=[(matrix, "train")], verbose_eval=False)
    gone = [weakref.ref(value) for value in (X, y, matrix, booster)]
    del X, y, matrix, booster
    gc.collect()
    assert [reference() for reference in gone] == [None] * 4


def test_a_matrix_does_not_keep_its_data(recorded, arrays):
    X, y = arrays.X.copy(), arrays.y.copy()
    matrix, gone = xgboost.DMatrix(X, y), weakref.ref(X)
    del X, y
    gc.collect()
    assert gone() is None
    assert matrix.num_row() == 400


def test_the_size_limit_decides_before_writing(store, matrices):
    fitprint.autolog(strict=True, quiet=True, max_model_size=2000)
    train(matrices, 100)
    run = fitprint.last_run()
    assert not run.models
    ((what, rule, reason),) = run.skipped
    assert (what, rule) == ("model", "max_model_size")
    assert reason.startswith("its size, about ")
