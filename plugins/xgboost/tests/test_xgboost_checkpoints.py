"""Checkpoints that callbacks save during a training, packages of them, and trainings that go on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xgboost
from xgboost.callback import TrainingCallback, TrainingCheckPoint

import fitprint
from fitprint.models import PackageError

PARAMS = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}


@pytest.fixture
def matrix(arrays):
    return xgboost.DMatrix(arrays.X, arrays.y)


def train(matrix, folder, rounds=5, **options):
    return xgboost.train(PARAMS, matrix, rounds, callbacks=[TrainingCheckPoint(folder, "b", interval=2)], **options)


def test_the_librarys_own_callback(recorded, matrix, tmp_path):
    booster = train(matrix, tmp_path)
    run = fitprint.last_run()
    written = sorted(tmp_path.glob("b_*.ubj"))
    assert [(Path(one.path), one.step) for one in run.checkpoints] == [(written[0], 2), (written[1], 4)]
    assert all(one.sha256 and not one.deleted for one in run.checkpoints)
    booster.save_model(tmp_path / "afterwards.ubj")  # is no checkpoint of the training
    assert (len(run.checkpoints), run.skipped) == (2, [])


@pytest.mark.parametrize("number", [1, 2])
def test_a_package_of_one_predicts_as_the_booster_did_then(recorded, matrix, arrays, tmp_path, number):
    booster = train(matrix, tmp_path)
    run = fitprint.last_run()
    package = fitprint.load_model(fitprint.package_checkpoint(run, number))
    expected = booster.predict(matrix, iteration_range=(0, 2 * number + 1))
    np.testing.assert_allclose(package.predict(arrays.X), expected, rtol=1e-6)
    assert package.metadata.signature == fitprint.load_model(run).metadata.signature


def test_of_an_estimator_a_package_is_an_estimator(recorded, arrays, tmp_path):
    callbacks = [TrainingCheckPoint(tmp_path, "b", interval=2)]
    model = xgboost.XGBClassifier(n_estimators=5, max_depth=3, n_jobs=1, callbacks=callbacks).fit(arrays.X, arrays.y)
    run = fitprint.last_run()
    assert [one.step for one in run.checkpoints] == [2, 4]
    loaded = fitprint.load_model(fitprint.package_checkpoint(run, step=2))
    assert isinstance(loaded.unwrap(), xgboost.XGBClassifier)
    np.testing.assert_array_equal(loaded.predict(arrays.X), model.predict(arrays.X, iteration_range=(0, 3)))


def test_what_is_no_model_any_more_is_refused(recorded, matrix, tmp_path):
    class Saving(TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            model.save_model(tmp_path / "b.ubj")
            return False

    xgboost.train(PARAMS, matrix, 2, callbacks=[Saving()])
    run = fitprint.last_run()
    assert [one.step for one in run.checkpoints] == [1]  # written twice
    (tmp_path / "b.ubj").write_text("no model")
    with pytest.raises(PackageError, match="was written again or changed"):
        fitprint.package_checkpoint(run, 1)


def test_a_training_that_goes_on_is_linked(recorded, matrix, arrays, tmp_path):
    booster = train(matrix, tmp_path)
    first = fitprint.last_run()
    xgboost.train(PARAMS, matrix, 2, xgb_model=booster)
    assert fitprint.last_run().tags["resumed_from"] == first.run_id
    path = first.checkpoints[0].path
    xgboost.train(PARAMS, matrix, 2, xgb_model=path)
    tags = fitprint.last_run().tags
    assert (tags["resumed_from"], tags["resumed_checkpoint"], tags["resumed_step"]) == (first.run_id, path, "2")
    xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(arrays.X, arrays.y, xgb_model=booster)
    assert fitprint.last_run().tags["resumed_from"] == first.run_id
    xgboost.train(PARAMS, matrix, 2)
    assert "resumed_from" not in fitprint.last_run().tags
