"""Spark MLlib on the conformance kit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pyspark", reason="needs pyspark: run `make test-jvm`")

from pyspark.ml import Pipeline
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession

from fitprint.testing import Budget, Case, FlavorConformance


def spark() -> Any:
    return SparkSession.builder.getOrCreate()


def table() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(60, 2)).round(3), columns=["a", "b"])
    return frame.assign(label=(frame["a"] + frame["b"] + generator.normal(size=60) > 0.3).astype(float))


def data() -> dict[str, Any]:
    frame = table()
    return {"frame": spark().createDataFrame(frame), "rows": frame[["a", "b"]][:20]}


def pipeline(**changed: Any) -> Any:
    assembler = VectorAssembler(inputCols=["a", "b"], outputCol="features")
    return Pipeline(stages=[assembler, LogisticRegression(maxIter=2, **changed)])


def predicted(model: Any, rows: pd.DataFrame) -> list[float]:
    frame = spark().createDataFrame(rows)
    return [row.prediction for row in model.transform(frame).collect()]


def scores(model: Any, data: dict[str, Any]) -> dict[str, float]:
    test = data["frame"]
    return {"f1_test": MulticlassClassificationEvaluator(metricName="f1").evaluate(model.transform(test))}


MEMO = "what Spark was asked, such as the schema of a DataFrame, is kept in the object, as are Py4J's methods"


class TestSpark(FlavorConformance):
    flavor = "spark"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.3)
    without = {  # noqa: RUF012
        "test_the_exception_is_as_without_recording": "errors of Py4J number the objects that the JVM has given so far",
        "test_what_is_handed_over_is_not_changed": MEMO,
        "test_predicting_leaves_the_model_as_it_is": f"every part has a random uid, and {MEMO}",
        "test_early_stopping_is_told": "no estimator of MLlib stops early by a score",
        "test_models_pickle": "models of Spark are in the JVM, and cannot be pickled",
        "test_models_copy": "models of Spark are in the JVM, and cannot be copied by Python",
        "test_predictions_are_known": "the case predicts a list; DataFrames are tested in test_spark_fits.py",
        "test_models_clone": "copies of an estimator keep its uid, and those of a model its fit",
    }
    cases = (
        Case(
            "pipeline",
            data=data,
            train=lambda data: pipeline().fit(data["frame"]),
            rows=lambda data: data["rows"],
            predict=predicted,
            scores=scores,
            params=lambda model: {
                "stages": ["VectorAssembler", "LogisticRegression"],
                "VectorAssembler.inputCols": ["a", "b"],
                "VectorAssembler.handleInvalid": "error",
                "LogisticRegression.maxIter": 2,
                "LogisticRegression.regParam": 0.0,
            },
            history=lambda model: {"objectiveHistory": model.stages[-1].summary.objectiveHistory},
            nested=lambda data: Pipeline(stages=[pipeline()]).fit(data["frame"]),
            fails=lambda data: pipeline(featuresCol="nothing").fit(data["frame"]),
            pickles=False,
            copies=False,
        ),
    )
