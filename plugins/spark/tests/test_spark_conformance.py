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


class TestSpark(FlavorConformance):
    flavor = "spark"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.3)
    without = {  # noqa: RUF012
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
