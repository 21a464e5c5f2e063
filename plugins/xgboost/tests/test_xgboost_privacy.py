"""No row of the data in any file of a run, and no secret among the params."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xgboost

import fitprint

CANARY, LABEL = 7340.5, 734019.0


def files_with(folder, *texts):
    contents = ((file.name, file.read_bytes()) for file in folder.rglob("*") if file.is_file())
    return {name for name, content in contents if any(text.encode() in content for text in texts)}


def test_no_value_of_the_data_is_in_a_run(store):
    fitprint.autolog(strict=True)
    rows = pd.DataFrame({"a": [CANARY, 1.0, 2.0, 3.0] * 5, "b": np.arange(20.0)})
    weights, target = rows["a"].to_numpy() / 2, np.array([LABEL, 1.5, 2.5, 3.5] * 5)
    xgboost.XGBRegressor(n_estimators=2).fit(rows, target, sample_weight=weights)
    xgboost.XGBRegressor(n_estimators=2).fit(rows, target.astype(int) + np.arange(20))
    matrix = xgboost.DMatrix(rows, target, weight=weights)
    xgboost.train({"max_depth": 2}, matrix, 2, evals=[(matrix, "train")])
    xgboost.cv({"max_depth": 2}, matrix, 2, nfold=2)
    assert len(fitprint.runs()) == 4
    found = files_with(store, "7340.5", "734019", "734020", "3670.25", "7.3405E3")
    assert found == set()


def test_secrets_among_the_params_are_hidden_and_found_in_the_model(store):
    fitprint.autolog(strict=True)
    secret = "-".join(("hunter2", "of", "nobody"))
    xgboost.XGBClassifier(n_estimators=2, verbosity=0, api_token=secret).fit([[0.0], [1.0]] * 4, [0, 1] * 4)
    run = fitprint.last_run()
    assert run.params["api_token"] == "***"
    inside = files_with(store, secret)
    assert inside <= {"model.ubj"}
    assert ("param api_token" in {skip.what for skip in run.skipped}) == bool(inside)
