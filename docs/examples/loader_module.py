"""A model that is no Python object: a file of coefficients, and a module that makes something of it that predicts."""

import json
from pathlib import Path

import fitprint as mlflow
import pandas as pd
from fitprint.models import infer_signature
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

LOADER = """\
import json


class Line:
    def __init__(self, slope, start):
        self.slope, self.start = slope, start

    def predict(self, data):
        return data["bmi"] * self.slope + self.start


def _load_pyfunc(data_path):
    with open(data_path) as file:
        return Line(**json.load(file))
"""

X, y = load_diabetes(return_X_y=True, as_frame=True)
mlflow.autolog(log_models=False)
with mlflow.start_run() as run:
    line = LinearRegression().fit(X[["bmi"]], y)
    Path("line.json").write_text(json.dumps({"slope": line.coef_[0], "start": line.intercept_}))
    Path("line_loader.py").write_text(LOADER)
    mlflow.log_artifact("line.json")
    mlflow.pyfunc.log_model(
        "line",
        loader_module="line_loader",
        data_path="line.json",
        code_paths=["line_loader.py"],
        signature=infer_signature(X[["bmi"]], line.predict(X[["bmi"]])),
    )

predicted = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/line").predict(pd.DataFrame({"bmi": [0.0, 0.1]}))
print("at 0 and 0.1:", [round(value) for value in predicted])
