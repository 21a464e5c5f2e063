"""The estimator classes: one run per fit, lightgbm's own, whatever the class is."""

from __future__ import annotations

import json

import lightgbm
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fitprint

FEW = {"n_estimators": 4, "n_jobs": 1, "verbose": -1}
BOTH_NAMES = lightgbm.__version__ >= "4.7"


def evaluated(X, y):
    return {"eval_X": X, "eval_y": y} if BOTH_NAMES else {"eval_set": [(X, y)]}


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
def test_evaluation_sets_under_both_names(recorded, frames, old):
    sets = {"eval_set": [(frames.X_test, frames.y_test)]} if old else evaluated(frames.X_test, frames.y_test)
    model = lightgbm.LGBMClassifier(**FEW).fit(frames.X, frames.y, eval_metric=["auc"], **sets)
    (run,) = fitprint.runs()
    assert (run.name, run.flavor) == ("LGBMClassifier", "lightgbm")
    for name, values in model.evals_result_["valid_0"].items():
        assert run.metric_history(f"valid_0-{name}") == list(enumerate(values))
    assert run.metrics["training_accuracy_score"] == accuracy_score(frames.y, model.predict(frames.X))
    others = {name for name in run.metrics if not name.startswith("training_")}
    assert others == {"valid_0-auc", "valid_0-binary_logloss"}


def test_training_metrics_without_an_evaluation_set(recorded, frames):
    model = lightgbm.LGBMClassifier(**FEW).fit(frames.X, frames.y)
    metrics = fitprint.last_run().metrics
    assert metrics["training_accuracy_score"] == accuracy_score(frames.y, model.predict(frames.X))
    assert metrics["training_log_loss"] == pytest.approx(log_loss(frames.y, model.predict_proba(frames.X)))
    model = lightgbm.LGBMRegressor(**FEW).fit(frames.X, frames.X["a"])
    assert fitprint.last_run().metrics["training_r2_score"] == pytest.approx(
        r2_score(frames.X["a"], model.predict(frames.X))
    )


def test_classes_that_are_texts(recorded, frames):
    names = np.array(["no", "yes", "maybe"])[np.arange(200) % 3]
    model = lightgbm.LGBMClassifier(**FEW).fit(frames.X, names)
    run = fitprint.last_run()
    assert (run.params["objective"], run.params["num_class"]) == ("multiclass", 3)
    assert run.metrics["training_accuracy_score"] == accuracy_score(names, model.predict(frames.X))
    loaded = fitprint.load_model(run.model_path)
    assert (loaded.predict(frames.X) == model.predict(frames.X)).all()
    assert loaded.unwrap().classes_.tolist() == ["maybe", "no", "yes"]


def test_boosters_and_estimators_are_evaluated(recorded, frames):
    model = lightgbm.LGBMClassifier(**FEW).fit(frames.X, frames.y)
    result = fitprint.evaluate(model, frames.X_test, frames.y_test)
    chances = model.predict_proba(frames.X_test)
    assert result.metrics["log_loss"] == pytest.approx(log_loss(frames.y_test, chances))
    by_booster = fitprint.evaluate(model.booster_, frames.X_test, frames.y_test)
    assert by_booster.problem == "binary classification"
    assert by_booster.metrics == pytest.approx(result.metrics)
    numbers = lightgbm.train({"verbose": -1}, lightgbm.Dataset(frames.X, frames.y), 2)
    assert fitprint.evaluate(numbers, frames.X_test, frames.y_test).problem == "regression"


def logistic(truth, predicted):
    chance = 1 / (1 + np.exp(-predicted))
    return chance - truth, chance * (1 - chance)


def test_an_objective_of_the_user_s_own(recorded, frames):
    lightgbm.LGBMClassifier(**FEW, objective=logistic).fit(frames.X, frames.y)
    run = fitprint.last_run()
    assert run.params["objective"] == f"{__name__}.logistic"
    assert not run.metrics
    assert ("training metrics", "objective") in [skip[:2] for skip in run.skipped]


def test_a_ranker(recorded, frames):
    sets = evaluated(frames.X_test, frames.y_test)
    model = lightgbm.LGBMRanker(**FEW).fit(frames.X, frames.y, group=[20] * 10, eval_group=[[10] * 10], **sets)
    run = fitprint.last_run()
    assert run.metric_history("valid_0-ndcg@1")
    assert (fitprint.load_model(run.model_path).predict(frames.X_test) == model.predict(frames.X_test)).all()


def test_what_lightgbm_prints_is_the_same_and_goes_on_being_printed(alike, frames, capfd):
    """Predicting prints, and a verbosity once given holds for the whole process."""

    def tell():
        model = lightgbm.LGBMClassifier(n_estimators=2, n_jobs=1, min_data_in_leaf=3, force_col_wise=True)
        model.set_params(verbose=1).fit(frames.X, frames.y)
        lightgbm.LGBMClassifier(n_estimators=2, n_jobs=1, min_data_in_leaf=4, force_col_wise=True).fit(
            frames.X, frames.y
        )
        return capfd.readouterr()

    printed = alike(tell).out
    assert "min_data_in_leaf is set=3" in printed
    assert "min_data_in_leaf is set=4" in printed


@pytest.mark.parametrize("kind", ["RandomState", "an int"])
def test_a_fitted_estimator_and_its_random_state_are_the_same(alike, frames, kind):
    def tell():
        state = np.random.RandomState(3) if kind == "RandomState" else 3
        model = lightgbm.LGBMClassifier(**FEW, subsample=0.5, subsample_freq=1, random_state=state)
        assert model.fit(frames.X, frames.y) is model
        drawn = str(state.get_state()) if kind == "RandomState" else ""
        return (
            model.booster_.model_to_string(),
            sorted(vars(model)),
            drawn,
            str(np.random.get_state()),
            model.get_params().keys(),
        )

    alike(tell)
    assert " at 0x" not in str(fitprint.last_run().params["random_state"])


def test_inside_scikit_learn_it_is_one_run(recorded, frames):
    make_pipeline(StandardScaler(), lightgbm.LGBMRegressor(**FEW)).set_output(transform="pandas").fit(
        frames.X, frames.y
    )
    search = GridSearchCV(lightgbm.LGBMClassifier(**FEW), {"num_leaves": [3, 7]}, cv=2, n_jobs=1)
    search.fit(frames.X, frames.y)
    outermost = [run for run in fitprint.runs() if run.parent_id is None]
    assert [run.name for run in outermost] == ["GridSearchCV", "Pipeline"]
    assert outermost[0].flavor == "lightgbm" or outermost[0].flavor == "sklearn"
    assert len(outermost[0].children) == 2


class Shifted(lightgbm.LGBMRegressor):
    def fit(self, X, y):
        self.shift_ = float(y.mean())
        return super().fit(X, y - self.shift_)

    def predict(self, X, **options):
        return super().predict(X, **options) + self.shift_


def test_a_class_of_the_user_s_own(recorded, frames):
    model = Shifted(**FEW).fit(frames.X, frames.X["a"])
    (run,) = fitprint.runs()
    assert run.name == "Shifted"
    assert run.metrics["training_r2_score"] > 0
    loaded = fitprint.load_model(run.model_path)
    assert type(loaded.unwrap()) is Shifted
    assert (loaded.predict(frames.X) == model.predict(frames.X)).all()


def test_importances_and_data(recorded, frames):
    model = lightgbm.LGBMRegressor(**FEW).fit(frames.X, frames.y)
    artifacts = fitprint.last_run().path / "artifacts"
    importance = json.loads((artifacts / "feature_importance.json").read_text())
    assert list(importance["split"].values()) == model.feature_importances_.tolist()
    assert json.loads((artifacts / "dataset.json").read_text())["inputs"]["rows"] == 200
