"""Packages with columns of vectors, and those that stock MLflow writes: both sides predict the same."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.functions import array_to_vector

import fitprint

EXCHANGE = """
    import json, sys
    import mlflow.spark
    import mlflow.pyfunc
    import pandas as pd
    from pyspark.ml.feature import VectorAssembler
    from pyspark.sql import SparkSession

    rows = pd.DataFrame({"features": [[1.0, 2.0], [-1.0, -2.0], [0.3, 0.1]]})
    spark = SparkSession.builder.getOrCreate()
    loaded = mlflow.pyfunc.load_model(sys.argv[1])
    print(json.dumps(loaded.predict(rows)))
    native = mlflow.spark.load_model(sys.argv[1])
    mlflow.spark.save_model(native, "theirs", signature=mlflow.models.get_model_info(sys.argv[1]).signature)
    spark.stop()
"""
ROWS = pd.DataFrame({"features": [[1.0, 2.0], [-1.0, -2.0], [0.3, 0.1]]})


def test_vectors_cross_both_ways(spark: Any, store: Any, run_python: Any, mlflow_python: str, tmp_path: Any) -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=(40, 2)).round(3)
    table = pd.DataFrame({"features": values.tolist(), "label": (values.sum(axis=1) > 0.2).astype(float)})
    frame = spark.createDataFrame(table).withColumn("features", array_to_vector("features"))
    fitprint.autolog("spark", strict=True, quiet=True, log_training_metrics=False)
    model = LogisticRegression(maxIter=2).fit(frame)
    run = fitprint.last_run()
    fitprint.disable()
    assert run is not None
    rows = spark.createDataFrame(ROWS).withColumn("features", array_to_vector("features"))
    expected = [row.prediction for row in model.transform(rows).collect()]
    assert fitprint.load_model(run.model_path).predict(ROWS) == expected
    done = run_python(EXCHANGE, run.model_path, python=mlflow_python, env={"PYTHONPATH": None})
    assert json.loads(done.stdout.splitlines()[-1]) == expected
    theirs = tmp_path / "theirs"
    assert fitprint.load_model(theirs).predict(ROWS) == expected
    assert type(fitprint.spark.load_model(theirs)).__name__ == "PipelineModel"  # as MLflow gives it
