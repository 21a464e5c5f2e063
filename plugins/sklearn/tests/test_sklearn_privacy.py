"""What a run and a package never hold: secrets among the params, and rows of the data."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

import fitprint

SECRET = "-".join(("hunter2", "of", "nobody"))  # not in this source, which packages hold a copy of
X, Y = [[0.0], [1.0], [2.0], [3.0]] * 3, [0, 0, 1, 1] * 3


class Remote(ClassifierMixin, BaseEstimator):
    """An estimator that is given secrets in every form."""

    def __init__(self, api_key=None, url=None, options=None, command=None, n_tokens=5, fails=False):
        self.api_key, self.url, self.options, self.command = api_key, url, options, command
        self.n_tokens, self.fails = n_tokens, fails

    def fit(self, X, y):
        if self.fails:
            raise ValueError(f"refused: Got {self.api_key!r} instead; {self.url}")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def remote(**params):
    url, options = f"postgres://me:{SECRET}@host/db", {"auth": {"password": SECRET}, "depth": 3}
    return Remote(SECRET, url, options, ["run", "--token", SECRET], **params)


def files_with(folder: Path, text: str) -> set[str]:
    """The names of all files below a folder that hold a text."""
    found = (file for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes())
    return {file.name for file in found}


def test_secret_params_are_hidden_everywhere_but_in_the_pickle(recorded, caplog):
    model = remote()
    with caplog.at_level(logging.INFO):
        model.fit(X, Y)
    run = fitprint.last_run()
    assert run.params["api_key"] == "***"
    assert run.params["url"] == "postgres://***@host/db"
    assert run.params["options"] == {"auth": "***", "depth": 3}
    assert run.params["command"] == ["run", "--token", "***"]
    assert run.params["n_tokens"] == 5
    assert files_with(recorded, SECRET) == {"model.pkl"}
    assert "Remote → " in caplog.text
    assert SECRET not in caplog.text
    assert model.api_key == SECRET
    assert model.options["auth"]["password"] == SECRET


def test_the_run_says_which_hidden_params_are_in_the_pickle(recorded):
    remote().fit(X, Y)
    told = {skip.what: skip.reason for skip in fitprint.last_run().skipped if skip.rule == "redact"}
    assert told.keys() == {"param api_key", "param url", "param options", "param command"}
    assert told["param api_key"] == "it is *** in the run, but the package still contains it: model.pkl"


def test_with_redact_models_no_package_of_such_a_model_is_left(store):
    fitprint.autolog(strict=True, redact_models=True)
    remote().fit(X, Y)
    run = fitprint.last_run()
    assert run.models == {}
    assert not files_with(store, SECRET)
    assert ("model", "redact") in {(skip.what, skip.rule) for skip in run.skipped}
    assert not [path.name for path in run.path.iterdir() if path.name.startswith(".")]
    Remote().fit(X, Y)
    assert fitprint.last_run().model_path is not None


def test_a_param_that_is_hidden_and_not_in_the_pickle_is_not_told(recorded):
    class Forgets(Remote):
        def __getstate__(self):
            return {**super().__getstate__(), "api_key": None}

    Forgets(SECRET).fit(X, Y)
    assert [skip for skip in fitprint.last_run().skipped if skip.rule == "redact"] == []


def test_secrets_in_searches_and_pipelines(recorded):
    search = GridSearchCV(make_pipeline(StandardScaler(), remote()), {"remote__api_key": [SECRET, SECRET + "2"]}, cv=2)
    search.fit(X, Y)
    run = fitprint.last_run()
    assert files_with(recorded, SECRET) == {"model.pkl"}
    assert run.params["estimator__remote__api_key"] == run.params["best_remote__api_key"] == "***"
    assert run.children
    assert all(child.params["remote__api_key"] == "***" for child in run.children)
    with open(run.path / "artifacts" / "cv_results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["param_remote__api_key"] for row in rows] == ["***", "***"]
    assert [json.loads(row["params"]) for row in rows] == [{"remote__api_key": "***"}] * 2
    assert float(rows[0]["mean_test_score"]) >= 0


def test_a_table_without_secrets_is_as_the_flavor_wrote_it(recorded, artifact):
    GridSearchCV(LogisticRegression(), {"C": [1.0, 2.0]}, cv=2).fit(X, Y)
    text = (fitprint.last_run().path / "artifacts" / "cv_results.csv").read_text()
    assert "***" not in text
    assert '"{""C"": 1.0}"' in text


def test_secrets_in_cross_validation_and_failures(recorded):
    cross_validate(remote(), X, Y, cv=2)
    assert fitprint.last_run().params["api_key"] == "***"
    with pytest.raises(ValueError, match=SECRET):
        remote(fails=True).fit(X, Y)
    run = fitprint.last_run()
    assert run.error["message"] == "refused: Got '***' instead; postgres://***@host/db"
    assert files_with(recorded, SECRET) == set()


def test_what_a_user_logs_is_hidden_too(store):
    with fitprint.start_run(f"token={SECRET}", tags={"api_key": SECRET}) as run:
        run.log_params({"password": SECRET, f"http://u:{SECRET}@h": 1})
        run.set_tag("note", f"--secret {SECRET}")
        run.log_dict({"db": {"password": SECRET}}, "config.json")
        run.log_dict({"db": {"password": SECRET}}, "config.yaml")
        run.log_metric(f"of http://u:{SECRET}@h", 1.0)
        assert SECRET not in repr(run) + run._repr_html_()
        assert files_with(store, SECRET) == set()
    assert files_with(store, SECRET) == set()
    assert run.name == "token=***"
    assert run.tags["api_key"] == "***"
    assert run.metrics == {"of http://***@h": 1.0}


def test_secrets_in_a_package_s_own_texts(store):
    model = LogisticRegression().fit(X, Y)
    info = fitprint.sklearn.log_model(
        model,
        "mine",
        metadata={"owner": "me", "api_key": SECRET},
        pip_requirements=[
            f"x @ https://{SECRET}@host/x.whl",
            "jwt==1.0b1",
        ],
        model_config={"password": SECRET},
    )
    assert files_with(store, SECRET) == set()
    assert info.metadata == {"owner": "me", "api_key": "***"}
    lines = (info.path / "requirements.txt").read_text().splitlines()
    assert {"x @ https://***@host/x.whl", "jwt==1.0b1"} <= {*lines}
    assert {skip.what for skip in info.run.skipped} >= {"secrets in metadata", "secrets in model_config"}


def test_the_settings_reach_the_run(store, monkeypatch):
    monkeypatch.setenv("FITPRINT_REDACT", r"solver,value:C{1,2}-\d{2,4}")
    monkeypatch.setenv("FITPRINT_SKLEARN_REDACT_ALLOW", "api_key")
    fitprint.autolog(strict=True)
    Remote(SECRET, url="of CC-123").fit(X, Y)
    assert fitprint.last_run().params["api_key"] == SECRET
    assert fitprint.last_run().params["url"] == "of ***"
    LogisticRegression().fit(X, Y)
    assert fitprint.last_run().params["solver"] == "***"


def test_lines_are_hidden_by_the_patterns_of_every_scope(store, caplog):
    class Breaks(Remote):
        def predict(self, X):
            raise ValueError(f"of ACME-{1000 + 234}")

    fitprint.autolog()
    fitprint.sklearn.autolog(redact=["value:ACME-[0-9]+"])
    with caplog.at_level(logging.INFO):
        Breaks().fit(X, Y)
    assert "of ***" in caplog.text
    assert "ACME-12" not in caplog.text
    assert not files_with(store, f"ACME-{1000 + 234}") - {"model.pkl"}


def test_runs_recorded_without_are_printed_with_secrets_hidden(store, run_python):
    with fitprint.start_run() as run:
        run.log_param("depth", 3)
    file = run.path / "run.json"
    document = json.loads(file.read_text())
    document["params"] |= {"api_key": SECRET}
    document["tags"] |= {"note": f"http://u:{SECRET}@h"}
    document["skipped"] = [["model", "x", f"password={SECRET}"]]
    file.write_text(json.dumps(document))
    for command in (["show", run.run_id], ["show", run.run_id, "--json"], ["runs", "--json"], ["show", str(run.path)]):
        done = run_python("from fitprint.cli import main; main()", *command)
        assert SECRET not in done.stdout, command
        assert "***" in done.stdout, command
    assert SECRET in file.read_text()


# ---- rows of the data

CANARY = 7340.196875  # and its neighbours: exact in binary, and in no file by chance
FIRST, SECOND = str(CANARY), "Canary, Miss Ada"


def canaries() -> pd.DataFrame:
    numbers = [CANARY, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0] * 2
    return pd.DataFrame({"number": numbers, "name": [SECOND, "b", "c", "d", "e", "f", "g", "h"] * 2})


def texts_with_canaries(folder: Path) -> set[str]:
    return files_with(folder, FIRST) | files_with(folder, SECOND) | files_with(folder, "7340.19")


def test_no_value_of_the_data_is_in_a_run(recorded):
    frame = canaries()
    numbers = frame[["number"]]
    LogisticRegression().fit(numbers, Y[:8] * 2)
    RandomForestClassifier(2).fit(numbers, Y[:8] * 2, sample_weight=frame["number"].to_numpy())
    LinearRegression().fit(numbers.to_numpy(), frame["number"])
    KMeans(2, init=numbers.to_numpy()[:2], n_init=1).fit(numbers)
    KMeans(2, init=[[CANARY], [1.0]], n_init=1).fit(numbers)
    cross_validate(LogisticRegression(), numbers, Y[:8] * 2, cv=2)
    GridSearchCV(KMeans(2, n_init=1), {"init": [numbers.to_numpy()[:2], numbers.to_numpy()[2:4]]}, cv=2).fit(numbers)
    pipeline = make_pipeline(make_column_transformer((StandardScaler(), ["number"])), LogisticRegression())
    pipeline.fit(frame, Y[:8] * 2)
    DecisionTreeRegressor(max_depth=1).fit(numbers, np.arange(len(frame)) * 1000 + 734019)  # a target of whole numbers
    assert texts_with_canaries(recorded) <= {"model.pkl"}
    assert files_with(recorded, "749019") <= {"model.pkl"}
    assert len(fitprint.runs()) >= 9


def test_arrays_that_look_like_the_data_are_said_to_be_left_out(recorded):
    numbers = canaries()[["number"]].to_numpy()
    KMeans(2, init=numbers[:2], n_init=1).fit(numbers)
    run = fitprint.last_run()
    assert run.params["init"] == "float64 array of shape (2, 1)"
    assert ("values of param init", "data") in {(skip.what, skip.rule) for skip in run.skipped}
    run.log_param("init", numbers[:2])
    assert run.params["init"]["values"] == [[CANARY], [1.0]]


def test_a_cell_that_an_error_quotes_is_not_in_the_run(recorded):
    for data in (canaries(), canaries().to_numpy(), canaries().to_numpy().tolist()):
        with pytest.raises(ValueError, match="could not convert string to float") as error:
            LogisticRegression().fit(data, Y[:8] * 2)
        assert SECOND in str(error.value)
        assert fitprint.last_run().error["message"] == "could not convert string to float: '***'"
    assert texts_with_canaries(recorded) == set()


def test_an_input_example_is_there_when_asked_for(store):
    fitprint.autolog(strict=True, log_input_examples=True)
    LogisticRegression().fit(canaries()[["number"]], Y[:8] * 2)
    assert {"input_example.json", "serving_input_example.json"} <= texts_with_canaries(store)
