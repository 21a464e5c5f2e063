"""`fitprint.evaluate` computes what MLflow's default evaluator computes of the same packages and data."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fitprint

EVALUATE = """
    import json, logging, warnings
    import mlflow, pandas as pd
    warnings.simplefilter("ignore")
    logging.disable()
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    found = {}
    for name, (package, data, model_type, config) in json.load(open("cases.json")).items():
        result = mlflow.models.evaluate(
            package,
            pd.read_csv(data),
            targets="target",
            model_type=model_type,
            evaluators="default",
            evaluator_config={"log_model_explainability": False, **config},
        )
        tables = result.artifacts.get("per_class_metrics")
        found[name] = {
            "metrics": {metric: float(value) for metric, value in result.metrics.items()},
            "per_class": tables.content.to_dict("list") if tables is not None else None,
        }
    json.dump(found, open("found.json", "w"))
"""
WEIGHTS = np.random.default_rng(0).random(100) + 0.5


def _cases():
    """From the name of a case to a model, all its data, the model's type and the configuration of the evaluation."""
    scaled = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    cancer, wine, diabetes = (load(as_frame=True).frame for load in (load_breast_cancer, load_wine, load_diabetes))
    names = wine.assign(target=np.array(["barbera", "barolo", "grignolino"])[wine["target"]])
    return {
        "two classes": (scaled, cancer, "classifier", {}),
        "another positive label": (RandomForestClassifier(20, random_state=0), cancer, "classifier", {"pos_label": 0}),
        "three names": (RandomForestClassifier(5, max_depth=2, random_state=0), names, "classifier", {}),
        "weights": (LinearRegression(), diabetes, "regressor", {"sample_weights": WEIGHTS.tolist()}),
    }


def test_the_metrics_are_those_of_mlflow_s_default_evaluator(recorded, mlflow_pythons, run_python):
    ours, given = {}, {}
    for number, (name, (model, frame, model_type, config)) in enumerate(_cases().items()):
        shuffled = frame.sample(frac=1, random_state=0)
        train, test = shuffled.iloc[:-100], shuffled.iloc[-100:]
        model.fit(train.drop(columns="target"), train["target"])
        ours[name] = fitprint.evaluate(model, test, targets="target", model_type=model_type, evaluator_config=config)
        test.to_csv(f"{number}.csv", index=False)
        given[name] = str(fitprint.run_of(model).model_path), f"{number}.csv", model_type, config
    Path("cases.json").write_text(json.dumps(given))
    run_python(EVALUATE, python=mlflow_pythons["mlflow3"])  # MLflow 2 counts for another label than `pos_label`
    found = json.loads(Path("found.json").read_text())
    assert set(found) == set(ours)
    for name, theirs in found.items():
        assert set(ours[name].metrics) == set(theirs["metrics"]), name
        assert ours[name].metrics == pytest.approx(theirs["metrics"], rel=1e-9), name
    table = pd.read_csv(io.StringIO(ours["three names"].artifacts["per_class_metrics.csv"])).to_dict("list")
    expected = found["three names"]["per_class"]
    assert set(table) == set(expected)
    assert table.pop("positive_class") == expected.pop("positive_class")
    for column, values in expected.items():
        assert table[column] == pytest.approx(values, rel=1e-9), column
