"""A search over a pipeline of Spark MLlib: one run with its candidates, an evaluator afterwards, and the package."""

import numpy as np
import pandas as pd
from pyspark.ml import Pipeline
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import StringIndexer, VectorAssembler
from pyspark.ml.tuning import ParamGridBuilder, TrainValidationSplit
from pyspark.sql import SparkSession

import fitprint

fitprint.autolog()

spark = SparkSession.builder.getOrCreate()
generator = np.random.default_rng(0)
table = pd.DataFrame(generator.normal(size=(200, 2)), columns=["age", "income"])
table["city"] = generator.choice(["Bern", "Kyoto", "Quito"], 200)
table["label"] = (table["age"] + table["income"] + (table["city"] == "Bern") > 0.5).astype(float)
train, test = spark.createDataFrame(table[:150]), spark.createDataFrame(table[150:])

classifier = LogisticRegression(maxIter=5)
pipeline = Pipeline(
    stages=[
        StringIndexer(inputCol="city", outputCol="cityIndex"),
        VectorAssembler(inputCols=["age", "income", "cityIndex"], outputCol="features"),
        classifier,
    ]
)
search = TrainValidationSplit(
    estimator=pipeline,
    estimatorParamMaps=ParamGridBuilder().addGrid(classifier.regParam, [0.01, 1.0]).build(),
    evaluator=BinaryClassificationEvaluator(),
    seed=0,
)
model = search.fit(train)
BinaryClassificationEvaluator().evaluate(model.transform(test))

run = fitprint.last_run()
print(run)
print("best:", run.params["best_LogisticRegression.regParam"], "of", int(run.metrics["candidates"]))
print("on the test data:", round(run.metrics["areaUnderROC_test"], 2))

rows = table[150:][["age", "income", "city"]]
predictions = fitprint.load_model(run.model_path).predict(rows)
same = predictions == [row.prediction for row in model.transform(test).collect()]
print("the package predicts the same:", same)
