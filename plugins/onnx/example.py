"""A scikit-learn model and its conversion: one run with both packages, which predict the same."""

import numpy as np
import skl2onnx
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

import fitprint

fitprint.autolog()

X, y = load_breast_cancer(return_X_y=True)
X = X.astype(np.float32)
forest = RandomForestClassifier(50, max_depth=5, random_state=0).fit(X, y)
skl2onnx.to_onnx(forest, X[:1], options={"zipmap": False})

run = fitprint.run_of(forest)
print("packages:", ", ".join(sorted(run.models)))
converted = fitprint.load_model(run.models["onnx"])
print(converted.metadata.signature)
predicted = converted.predict(X)["label"]
same = (predicted == fitprint.load_model(run.models["model"]).predict(X)).mean()
print(f"both packages predict the same for {same:.0%} of the rows")
