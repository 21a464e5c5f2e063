"""What the user's functions train in Spark's Python workers, which are processes of their own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark import TaskContext
from pyspark.ml import Estimator, Model
from pyspark.sql.functions import pandas_udf, udf
from sklearn import metrics
from sklearn.linear_model import LogisticRegression

import fitprint

X = np.random.default_rng(0).normal(size=(100, 3))
y = (X[:, 0] > 0).astype(int)


@pytest.fixture
def train() -> Any:
    """Trains with a strength; a function of a test is pickled by value, because workers cannot import the test."""
    data = X, y

    def fit(C):  # type: ignore[no-untyped-def]  # Spark reads hints, and warns of those that are texts
        return float(LogisticRegression(C=float(C)).fit(*data).coef_[0, 0])

    return fit


@pytest.fixture
def strengths(spark: Any) -> Any:
    """Makes a DataFrame of strengths, in two partitions."""
    return lambda *values: spark.createDataFrame([(float(value),) for value in values], ["C"]).repartition(2)


def recorded_strengths() -> Counter[float]:
    return Counter(run.params["C"] for run in fitprint.runs() if run.name == "LogisticRegression")


@pytest.fixture
def autolog(store: Path) -> Any:
    def turn_on(**settings: Any) -> None:
        fitprint.autolog(strict=True, quiet=True, log_models=False, **settings)

    yield turn_on
    fitprint.disable()


@pytest.mark.filterwarnings("ignore:The copy keyword")  # PySpark's `toPandas`, with pandas 3
def test_every_way_of_sending_a_function(spark: Any, strengths: Any, train: Any, autolog: Any, tmp_path: Path) -> None:
    autolog(tags={"team": "x"})

    def batches(frames: Any) -> Any:
        for frame in frames:
            yield pd.DataFrame({"C": [train(C) for C in frame["C"]]})

    def group(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"C": [train(frame["C"].iloc[0])]})

    trained = udf(train, "double")
    vectorized = pandas_udf(lambda column: column.map(train), "double")
    sent = {
        1: lambda C: spark.sparkContext.parallelize([C]).map(train).collect(),
        2: lambda C: strengths(C).foreachPartition(lambda rows: [train(row.C) for row in rows]),
        3: lambda C: strengths(C).rdd.map(lambda row: train(row.C)).count(),
        4: lambda C: list(strengths(C).mapInPandas(batches, "C double").toLocalIterator()),
        5: lambda C: strengths(C).groupBy("C").applyInPandas(group, "C double").toPandas(),
        6: lambda C: strengths(C).select(trained("C")).collect(),
        7: lambda C: strengths(C).select(vectorized("C")).write.parquet(str(tmp_path / "written")),
        8: lambda C: strengths(C).select(trained("C")).show(),
    }
    with fitprint.start_run("mine"):
        for C, send in sent.items():
            send(C)
    sent[1](9)
    with fitprint.suppress():
        sent[1](10)
        sent[5](10)
    assert recorded_strengths() == dict.fromkeys(map(float, range(1, 10)), 1)
    mine = next(run for run in fitprint.runs() if run.name == "mine")
    for run in fitprint.runs():
        if run is not mine and run.run_id != mine.run_id:
            assert run.parent_id == (mine.run_id if run.params["C"] < 9 else None)
            assert {name: run.tags[name] for name in ("team", "engine", "attempt")} == {
                "team": "x", "engine": "spark", "attempt": "0",
            }  # fmt: skip
            assert run.tags["task"] == f"stage {run.tags['stage']} partition {run.tags['partition']}"
            assert run.tags["worker"].endswith(f"/{run.tags['pid']}")
            assert "replaces" not in run.tags
    assert fitprint.status().unreached == ()
    (attachment,) = fitprint.engines.attachments()
    assert attachment.cluster.startswith("local[2")
    assert str(attachment).endswith(": 1 of 1 workers record"), "all of them are on this machine"


class Best(Estimator):  # type: ignore[misc]
    """An estimator whose `fit` sends functions itself."""

    def __init__(self, train: Any) -> None:
        super().__init__()
        self.train = train

    def _fit(self, dataset: Any) -> Any:
        train = self.train
        dataset.rdd.map(lambda row: train(row.C)).collect()
        return Nothing()


class Nothing(Model):  # type: ignore[misc]
    def _transform(self, dataset: Any) -> Any:
        return dataset


def test_what_a_recorded_call_sends_is_part_of_it(strengths: Any, train: Any, autolog: Any) -> None:
    autolog()
    Best(train).fit(strengths(1, 2))
    assert [run.name for run in fitprint.runs()] == ["Best"]


def test_a_second_attempt_says_what_it_replaces(spark: Any, train: Any, autolog: Any) -> None:
    def fails_once(C: float) -> None:
        train(C)
        task = TaskContext.get()
        if task is not None and task.attemptNumber() == 0 and C == 1:
            raise ValueError("the first attempt")

    autolog()
    spark.sparkContext.parallelize([1, 2], 2).foreach(fails_once)
    spark.sparkContext.parallelize([2], 1).foreach(fails_once)  # sent again, which is no second attempt
    runs = {(run.params["C"], run.tags["attempt"]): run for run in fitprint.runs() if run.params["C"] == 1}
    first, second = runs[1.0, "0"], runs[1.0, "1"]
    assert second.tags["replaces"] == first.run_id
    assert first.tags["replaced_by"] == second.run_id
    others = [run for run in fitprint.runs() if not {"replaces", "replaced_by"} & set(run.tags)]
    assert [run.params["C"] for run in others] == [2.0, 2.0]


def test_what_waits_in_memory_is_written_when_a_task_ends(spark: Any, autolog: Any) -> None:
    def many_scores(C: float) -> None:
        model = LogisticRegression(C=C).fit(X, y)
        predicted = model.predict(X)
        for _ in range(30):
            metrics.accuracy_score(y, predicted)

    autolog()
    spark.sparkContext.parallelize([1.0], 1).foreach(many_scores)
    (run,) = fitprint.runs()
    assert len([name for name in run.metrics if name.startswith("accuracy_score")]) == 30


def test_functions_that_are_sent_before_recording_was_on(spark: Any, train: Any, autolog: Any) -> None:
    numbers = spark.sparkContext.parallelize([1.0])
    before, after = numbers.map(train), numbers.map(train)
    before.collect()
    autolog()
    before.collect()
    after.collect()
    fitprint.disable()
    after.collect()
    assert recorded_strengths() == {1.0: 1}
    assert fitprint.status().unreached == (), "recording is off, so nobody is told of a job without a token"


def test_an_engine_that_the_setting_leaves_out(
    spark: Any, strengths: Any, train: Any, autolog: Any, caplog: Any
) -> None:
    autolog(engines="none")
    assert strengths(1, 2).count() == 2
    assert fitprint.status().unreached == (), "a job without functions of Python trains nothing"
    for _ in range(2):
        strengths(1).rdd.map(lambda row: train(row.C)).collect()
    assert fitprint.runs() == []
    (unreached,) = fitprint.status().unreached
    assert unreached.startswith("spark at local[2")
    (line,) = [line for line in caplog.messages if "training in the workers of" in line]
    assert line.endswith("the setting engines leaves it out")
    assert fitprint.engines.attach(spark).records
    strengths(3).rdd.map(lambda row: train(row.C)).collect()
    assert recorded_strengths() == {3.0: 1}


def test_workers_without_fitprint_work_and_are_told_of(
    spark: Any, train: Any, autolog: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['fitprint_spark'] = None\n")
    monkeypatch.setitem(spark.sparkContext.environment, "PYTHONPATH", str(tmp_path))  # of workers that are made for it
    autolog()
    for _ in range(2):
        assert len(spark.sparkContext.parallelize([1.0, 2.0], 2).map(train).collect()) == 2
    assert fitprint.runs() == []
    (unreached,) = fitprint.status().unreached
    assert unreached.startswith("spark, workers ")


def test_a_job_that_is_started_in_an_unknown_way_is_told_of(
    strengths: Any, train: Any, autolog: Any, caplog: Any
) -> None:
    autolog()
    trained = strengths(1).select(udf(train, "double")("C"))
    trained.write.format("noop").mode("overwrite")._jwrite.save()
    assert fitprint.runs() == []
    assert len(fitprint.status().unreached) == 1
    assert "in a way that the plugin does not know" in caplog.text
