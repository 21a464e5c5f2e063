"""A training that Spark distributes: one run, that of the driver; the workers make none, though they record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fitprint

SMALL = Path(__file__).parents[2] / "spark" / "tests" / "conf"
"""The settings of a small Spark that starts quickly."""
TRAINS = """
import json, os, sys
import numpy as np, pandas as pd

os.environ["PYSPARK_PYTHON"] = sys.executable
if __name__ == "__main__":
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 3)), columns=list("abc"))
    X["label"], X["held_out"] = (X["a"] > 0).astype(int), X["b"] > 1
    table = spark.createDataFrame(X)
    from xgboost.spark import SparkXGBClassifier

    estimator = SparkXGBClassifier(
        features_col=list("abc"), n_estimators=4, max_depth=2, num_workers=2, validation_indicator_col="held_out"
    )
    model = estimator.fit(table)
    predicted = [row.prediction for row in model.transform(table).select("prediction").collect()]
    from pyspark.ml import Pipeline
    from pyspark.ml.evaluation import MulticlassClassificationEvaluator

    MulticlassClassificationEvaluator(metricName="accuracy").evaluate(model.transform(table))

    # inside a Pipeline it is part of Spark's own training
    Pipeline(stages=[SparkXGBClassifier(features_col=list("abc"), n_estimators=2)]).fit(table)
    print(json.dumps(predicted))
    spark.stop()
"""


@pytest.mark.process
def test_a_training_is_one_run_and_its_package_needs_no_spark(store, tmp_path, run_python, starts_processes):
    script = tmp_path / "driver.py"
    script.write_text(TRAINS)
    command = [sys.executable, "-m", "fitprint", "run", "--strict", sys.executable, str(script)]
    environment = {**os.environ, "SPARK_CONF_DIR": str(SMALL)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    predicted = json.loads(done.stdout.splitlines()[-1])

    of_spark, run = fitprint.runs()  # Spark's plugin is installed too, but gives way
    assert (of_spark.name, of_spark.status, of_spark.flavor) == ("Pipeline", "FINISHED", "spark")
    assert of_spark.model_path is not None
    assert (run.name, run.status, run.flavor) == ("SparkXGBClassifier", "FINISHED", "xgboost")
    assert [skip.rule for skip in run.skipped if skip.rule != "log_code"] == ["distributed"]
    assert {name: run.params[name] for name in ("n_estimators", "max_depth", "num_workers")} == {
        "n_estimators": 4,
        "max_depth": 2,
        "num_workers": 2,
    }
    for name in ("training-logloss", "validation-logloss"):
        assert [step for step, _ in run.metric_history(name)] == [0, 1, 2, 3]
    assert run.metrics["accuracy_table"] > 0.9, "what an evaluator of Spark's says afterwards"
    assert "feature_importance.json" in run.artifacts
    assert "checkpoints.json" not in run.artifacts

    X = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 3)), columns=list("abc"))
    assert fitprint.load_model(str(run.model_path)).predict(X).tolist() == predicted
    without_spark = """
    import sys
    sys.modules["pyspark"] = None
    import fitprint
    print(type(fitprint.xgboost.load_model(sys.argv[1])).__name__)
    """
    assert run_python(without_spark, run.model_path).stdout.split() == ["XGBClassifier"]
