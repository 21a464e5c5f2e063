"""What fits of pyspark.ml leave: searches, scores, summaries, own classes, and models that are not packaged."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.ml import Estimator, Model, Pipeline
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.clustering import KMeans
from pyspark.ml.evaluation import BinaryClassificationEvaluator, RegressionEvaluator
from pyspark.ml.feature import StandardScaler, StringIndexer, VectorAssembler
from pyspark.ml.param.shared import HasInputCol
from pyspark.ml.recommendation import ALS
from pyspark.ml.regression import LinearRegression
from pyspark.ml.tuning import CrossValidator, ParamGridBuilder, TrainValidationSplit
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import functions

import fitprint

LONG = 600.0  # seconds that training metrics may take on a busy machine


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(generator.normal(size=(60, 2)).round(3), columns=["a", "b"])
    frame["kind"] = generator.choice(["x", "y"], 60)
    return frame.assign(label=(frame["a"] + frame["b"] + generator.normal(size=60) > 0.3).astype(float))


@pytest.fixture(scope="session")
def frame(spark: Any, table: pd.DataFrame) -> Any:
    return spark.createDataFrame(table).cache()


@pytest.fixture(scope="session")
def vectors(frame: Any) -> Any:
    """Features in one column, beside the label."""
    assembler = VectorAssembler(inputCols=["a", "b"], outputCol="features")
    return assembler.transform(frame).select("features", "label").cache()


@pytest.fixture
def recorded(store: Any) -> Iterator[None]:
    fitprint.autolog("spark", strict=True, quiet=True, max_metric_seconds=LONG)
    yield
    fitprint.disable()


def stages(classifier: Any) -> list[Any]:
    indexer = StringIndexer(inputCol="kind", outputCol="index")
    return [indexer, VectorAssembler(inputCols=["a", "b", "index"], outputCol="features"), classifier]


def last() -> fitprint.Run:
    (run,) = (run for run in fitprint.runs() if run.parent_id is None)
    return run


def artifact(run: fitprint.Run, name: str) -> Any:
    text = (run.path / "artifacts" / name).read_text("utf-8")
    return json.loads(text) if name.endswith(".json") else list(csv.DictReader(text.splitlines()))


def test_a_cross_validation_is_one_run(recorded: None, frame: Any, table: pd.DataFrame) -> None:
    classifier = LogisticRegression(maxIter=2)
    grid = ParamGridBuilder().addGrid(classifier.regParam, [0.01, 5.0]).build()
    tuned = Pipeline(stages=stages(classifier))
    evaluator = BinaryClassificationEvaluator()
    search = CrossValidator(
        estimator=tuned, estimatorParamMaps=grid, evaluator=evaluator, numFolds=2, parallelism=2, seed=1
    )
    model = search.fit(frame)
    run = last()
    best = int(np.argmax(model.avgMetrics))
    assert run.name == "CrossValidator"
    assert run.params["best_LogisticRegression.regParam"] == [0.01, 5.0][best]
    assert run.params["estimator"] == "Pipeline"
    assert run.params["numFolds"] == 2
    assert run.params["LogisticRegression.maxIter"] == 2
    assert run.params["BinaryClassificationEvaluator.metricName"] == "areaUnderROC"
    assert run.metrics["best_avg_areaUnderROC"] == pytest.approx(model.avgMetrics[best])
    assert run.metrics["candidates"] == 2
    rows = artifact(run, "search_results.csv")
    assert [float(row["avg_areaUnderROC"]) for row in rows] == pytest.approx(model.avgMetrics)
    assert [float(row["std_areaUnderROC"]) for row in rows] == pytest.approx(model.stdMetrics)
    assert [float(row["param.LogisticRegression.regParam"]) for row in rows] == [0.01, 5.0]
    assert artifact(run, "best_parameters.json") == {"LogisticRegression.regParam": [0.01, 5.0][best]}
    info = artifact(run, "estimator_info.json")
    assert info["hierarchy"]["tuned_estimator"]["stages"][2] == {"name": "LogisticRegression"}
    assert info["CrossValidator"]["tuning_parameter_map_list"][1] == {"LogisticRegression.regParam": 5.0}
    assert [child.params["LogisticRegression.regParam"] for child in run.children] == [
        [0.01, 5.0][number] for number in sorted(range(2), key=lambda number: -model.avgMetrics[number])
    ]
    assert run.children[0].metrics["avg_areaUnderROC"] == pytest.approx(max(model.avgMetrics))
    predicted = [row.prediction for row in model.transform(frame).collect()]
    assert fitprint.load_model(run.model_path).predict(table[["a", "b", "kind"]]) == predicted
    assert type(fitprint.spark.load_model(run)).__name__ == "CrossValidatorModel"


def test_a_search_inside_a_pipeline_has_its_table(recorded: None, frame: Any) -> None:
    classifier = LogisticRegression(maxIter=1)
    grid = ParamGridBuilder().addGrid(classifier.maxIter, [1, 2]).build()
    search = TrainValidationSplit(
        estimator=classifier, estimatorParamMaps=grid, evaluator=BinaryClassificationEvaluator(), seed=1
    )
    model = Pipeline(stages=stages(search)).fit(frame)
    run = last()
    assert run.name == "Pipeline"
    values = [float(row["areaUnderROC"]) for row in artifact(run, "search_results.csv")]
    assert values == pytest.approx(model.stages[-1].validationMetrics)
    assert "best_LogisticRegression.maxIter" in run.params


def test_parts_of_one_class_are_numbered(recorded: None, frame: Any) -> None:
    assembler = VectorAssembler(inputCols=["a"], outputCol="c")
    other = VectorAssembler(inputCols=["a", "b"], outputCol="features")
    Pipeline(stages=[assembler, other, LogisticRegression(maxIter=1)]).fit(frame)
    run = last()
    assert run.params["stages"] == ["VectorAssembler_1", "VectorAssembler_2", "LogisticRegression"]
    assert run.params["VectorAssembler_1.outputCol"] == "c"
    assert run.params["VectorAssembler_2.outputCol"] == "features"


def test_evaluators_add_to_the_run_of_the_model(recorded: None, vectors: Any) -> None:
    model = LogisticRegression(maxIter=1).fit(vectors)
    test = vectors.limit(40)
    predictions = model.transform(test)
    evaluator = BinaryClassificationEvaluator()
    area = evaluator.evaluate(predictions)
    precision = evaluator.evaluate(predictions, {evaluator.metricName: "areaUnderPR"})
    evaluator.evaluate(vectors.withColumn("rawPrediction", functions.col("label")))  # which no model has made
    run = last()
    after = {name: value for name, value in run.metrics.items() if name.startswith("area")}
    assert after == {"areaUnderROC_test": area, "areaUnderPR_test": precision}


def test_the_summary_is_recorded(recorded: None, vectors: Any) -> None:
    model = LogisticRegression(maxIter=3).fit(vectors)
    run, summary = last(), model.summary
    assert [value for _, value in run.metric_history("objectiveHistory")] == list(summary.objectiveHistory)
    assert run.metrics["totalIterations"] == summary.totalIterations
    assert run.metrics["training_accuracy"] == summary.accuracy
    assert run.metrics["training_areaUnderROC"] == summary.areaUnderROC
    facts = artifact(run, "dataset.json")["inputs"]
    assert facts["columns"] == [
        {"name": "features", "dtype": "vector", "size": 2},
        {"name": "label", "dtype": "double"},
    ]
    assert facts["rows"] == 60


def test_of_a_table_that_is_not_cached_no_rows_are_counted(recorded: None, spark: Any, table: pd.DataFrame) -> None:
    frame = spark.createDataFrame(table)
    Pipeline(stages=stages(LinearRegression(solver="normal"))).fit(frame)
    assert "rows" not in artifact(last(), "dataset.json")["inputs"]


def test_training_metrics_end_in_time(store: Any, vectors: Any) -> None:
    fitprint.autolog("spark", strict=True, quiet=True, max_metric_seconds=0)
    LogisticRegression(maxIter=1).fit(vectors)
    run = last()
    assert "training_areaUnderROC" not in run.metrics
    assert "max_metric_seconds" in [skip.rule for skip in run.skipped]


def test_the_session_is_left_as_it_was(recorded: None, spark: Any, vectors: Any) -> None:
    context = spark.sparkContext
    context.setJobGroup("mine", "what I do")
    names = ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel")
    before = [context.getLocalProperty(name) for name in names]
    LogisticRegression(maxIter=1).fit(vectors)
    assert [context.getLocalProperty(name) for name in names] == before
    for name in names:
        context.setLocalProperty(name, None)


def test_what_only_prepares_data_leaves_no_run(recorded: None, vectors: Any) -> None:
    StandardScaler(inputCol="features", outputCol="scaled").fit(vectors)
    assert fitprint.runs() == []


def test_several_param_maps_are_one_run(recorded: None, vectors: Any) -> None:
    classifier = LogisticRegression(maxIter=1)
    models = classifier.fit(vectors, [{classifier.regParam: 0.1}, {classifier.regParam: 0.2}])
    run = last()
    assert len(models) == 2
    assert [child.params["regParam"] for child in run.children] == [0.1, 0.2]
    assert run.model_path is None
    classifier.fit(vectors, {classifier.regParam: 0.3})
    newest = fitprint.last_run()
    assert newest is not None
    assert newest.params["regParam"] == 0.3


def test_vectors_have_their_type_in_the_signature(recorded: None, vectors: Any) -> None:
    model = KMeans(k=2, seed=1).fit(vectors)
    run = last()
    assert run.metrics["trainingCost"] == model.summary.trainingCost
    loaded = fitprint.load_model(run.model_path)
    assert loaded.metadata.signature.inputs.to_dict() == [
        {"type": "sparkml_vector", "name": "features", "required": True}
    ]
    rows = pd.DataFrame({"features": [list(row.features) for row in vectors.collect()]})
    assert loaded.predict(rows) == [row.prediction for row in model.transform(vectors).collect()]


# ---- what is not packaged


def test_a_model_over_the_size_is_refused_before_it_is_written(store: Any, spark: Any) -> None:
    fitprint.autolog("spark", strict=True, quiet=True, max_model_size="9kB")
    ratings = spark.createDataFrame([(user, item, 1.0) for user in range(30) for item in range(20)], ["u", "i", "r"])
    als = {"userCol": "u", "itemCol": "i", "ratingCol": "r", "maxIter": 1, "numUserBlocks": 1, "numItemBlocks": 1}
    ALS(rank=20, **als).fit(ratings)
    (skip,) = [skip for skip in last().skipped if skip.what == "model"]
    assert skip.rule == "max_model_size"
    assert "about" in skip.reason  # it was estimated
    fitprint.disable()


@pytest.fixture
def allowlist(spark: Any, tmp_path: Any) -> Iterator[Any]:
    file = tmp_path / "allowed.txt"
    key = "spark.mlflow.pysparkml.autolog.logModelAllowlistFile"
    spark.sparkContext._conf.set(key, str(file))
    yield file
    spark.sparkContext._conf._jconf.remove(key)


def test_mlflows_allowlist_is_understood(store: Any, vectors: Any, allowlist: Any) -> None:
    fitprint.autolog("spark", quiet=True, log_training_metrics=False)
    allowlist.write_text("# what may be logged\npyspark.ml.clustering.*\n", "utf-8")
    model = LogisticRegression(maxIter=1).fit(vectors)
    run = last()
    assert run.model_path is None
    assert "log_model_allowlist" in next(skip.reason for skip in run.skipped if skip.what == "model")
    assert fitprint.run_of(model) is not None  # evaluators still find it
    KMeans(k=2, seed=1).fit(vectors)
    newest = fitprint.last_run()
    assert newest is not None
    assert newest.model_path is not None


# ---- own classes


class Mean(Estimator, HasInputCol, DefaultParamsReadable, DefaultParamsWritable):  # type: ignore[type-arg,misc]
    """Predicts the mean of a column."""

    def __init__(self, column: str = "a") -> None:
        super().__init__()
        self._set(inputCol=column)

    def _fit(self, dataset: Any) -> MeanModel:
        (row,) = dataset.select(functions.mean(self.getInputCol())).collect()
        return MeanModel(self.getInputCol(), row[0])


class MeanModel(Model, HasInputCol, DefaultParamsReadable, DefaultParamsWritable):  # type: ignore[misc]
    def __init__(self, column: str = "a", mean: float = 0.0) -> None:
        super().__init__()
        self._set(inputCol=column)
        self.mean = mean

    def _transform(self, dataset: Any) -> Any:
        return dataset.withColumn("prediction", functions.col(self.getInputCol()) * 0 + self.mean)


def test_own_estimators_are_recorded(recorded: None, frame: Any) -> None:
    model = Mean("b").fit(frame)
    run = last()
    assert run.name == "Mean"
    assert run.params == {"inputCol": "b"}
    error = RegressionEvaluator(labelCol="b", metricName="rmse").evaluate(model.transform(frame))
    newest = fitprint.last_run()
    assert newest is not None
    assert newest.metrics["rmse_frame"] == error
    assert run.model_path is not None


class Unwritable(Estimator):  # type: ignore[type-arg,misc]
    def _fit(self, dataset: Any) -> Any:
        return UnwritableModel()


class UnwritableModel(Model):  # type: ignore[misc]
    def _transform(self, dataset: Any) -> Any:
        return dataset.withColumn("prediction", functions.lit(1.0))


def test_a_model_that_cannot_be_written_has_a_reason(store: Any, frame: Any) -> None:
    fitprint.autolog("spark", quiet=True)
    Unwritable().fit(frame)
    run = last()
    assert run.status == "FINISHED"
    assert "DefaultParamsWritable" in next(skip.reason for skip in run.skipped if skip.what == "model")
