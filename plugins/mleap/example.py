"""Writes a bundle with recording on, and predicts with the package that it became."""

import tempfile

import mleap.sklearn.logistic  # noqa: F401  adds `serialize_to_bundle` to LogisticRegression
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import fitprint

fitprint.autolog()

X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=1000).fit(X, y)
model.mlinit(input_features="features", prediction_column="prediction")
with tempfile.TemporaryDirectory() as folder:
    model.serialize_to_bundle(folder, model.name)

run = fitprint.run_of(model)
print("packages of the training:", ", ".join(sorted(run.models)))
predicted = fitprint.load_model(run.models["mleap"]).predict(X)
print("the bundle predicts the same:", (predicted == model.predict(X)).all())
