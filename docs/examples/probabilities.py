"""A package that gives probabilities in place of classes, by its own loader; the native model stays loadable."""

from pathlib import Path

import fitprint as mlflow
from fitprint.models import infer_signature
from sklearn.datasets import load_breast_cancer
from sklearn.tree import DecisionTreeClassifier

LOADER = """\
import pickle


class Probabilities:
    def __init__(self, model):
        self.model = model

    def predict(self, data):
        return self.model.predict_proba(data)[:, 1]


def _load_pyfunc(data_path):
    with open(data_path, "rb") as file:
        return Probabilities(pickle.load(file))
"""

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)
Path("probability_loader.py").write_text(LOADER)

with mlflow.start_run():
    mlflow.sklearn.log_model(
        model,
        "tumours",
        signature=infer_signature(X, model.predict_proba(X)[:, 1]),
        loader_module="probability_loader",
        code_path="probability_loader.py",
    )
    uri = f"runs:/{mlflow.active_run().info.run_id}/tumours"

print("first:", mlflow.pyfunc.load_model(uri).predict(X.head(2)).round(3).tolist())
print("native:", type(mlflow.sklearn.load_model(uri)).__name__)
