"""What MLflow's calls give, as JSON: run by MLflow and by fitprint, whose name is the argument.

Each case is one call. Its outcome is a text of the value that it returns, or "raises".
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.linear_model import LinearRegression, LogisticRegression

mlflow = importlib.import_module(sys.argv[1])
os.mkdir(f"of {sys.argv[1]}")
os.chdir(f"of {sys.argv[1]}")
models = importlib.import_module(f"{sys.argv[1]}.models")
if sys.argv[1] == "mlflow":
    importlib.import_module("mlflow.sklearn")
    importlib.import_module("mlflow.xgboost")
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
else:
    mlflow.set_tracking_uri("store")
warnings.simplefilter("ignore")
logging.disable()

X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [2.0, 1.0, 5.0]})
y = [1, 2, 3]
regression = LinearRegression().fit(X, y)
signature = models.infer_signature(X, regression.predict(X))
outcomes = {}
NAMED = {"pip_requirements": ["numpy"]}  # so that MLflow does not load each model again in a process of its own


def text_of(value):
    if isinstance(value, np.ndarray):
        return str(np.round(value, 6).tolist() if value.dtype.kind in "fiub" else value.tolist())
    return f"{type(value).__name__}: {value}"


def case(name, call, *arguments, **options):
    try:
        outcomes[name] = text_of(call(*arguments, **options))
    except Exception:  # noqa: BLE001  MLflow's are of many classes, and so are those of the frameworks
        outcomes[name] = "raises"


def enforcement():
    of_columns, of_tensor = "columns", "tensor"
    mlflow.sklearn.save_model(regression, of_columns, signature=signature, **NAMED)
    tensors = models.infer_signature(X.to_numpy(), regression.predict(X))
    mlflow.sklearn.save_model(regression, of_tensor, signature=tensors, **NAMED)
    mlflow.sklearn.save_model(regression, "nothing", **NAMED)
    data = {
        "DataFrame": X,
        "whole numbers": X.astype(int),
        "another column": X.assign(c=1),
        "a column too few": X[["a"]],
        "another order": X[["b", "a"]],
        "dict of lists": {"a": [1.0, 2.0], "b": [1.0, 2.0]},
        "dict of numbers": {"a": 1.0, "b": 2.0},
        "dict of arrays": {"a": np.array([1.0, 2.0]), "b": np.array([1.0, 2.0])},
        "list of dicts": [{"a": 1.0, "b": 2.0}],
        "array": X.to_numpy(),
        "array of one dimension": X.to_numpy()[0],
        "array of three columns": np.ones((2, 3)),
        "list of rows": [[1.0, 2.0]],
        "list": [1.0, 2.0],
        "Series": X.iloc[0],
        "texts": X.astype(str),
        "float32": X.astype("float32"),
        "a missing value": X.assign(b=[None, 1.0, 2.0]),
        "booleans": X > 1,
        "tuple": (1.0, 2.0),
        "number": 3.0,
        "text": "abc",
        "sparse": scipy.sparse.csr_matrix(X.to_numpy()),
    }
    for folder in (of_columns, of_tensor, "nothing"):
        loaded = mlflow.pyfunc.load_model(folder)
        for name, rows in data.items():
            case(f"{folder}: {name}", loaded.predict, rows)
    case("validate_schema", models.validate_schema, X, signature.inputs)
    case("validate_schema, a column too few", models.validate_schema, X[["a"]], signature.inputs)


class Telling(mlflow.pyfunc.PythonModel):
    """Predicts what it is given."""

    def predict(self, context, model_input, params=None):
        return f"{type(model_input).__name__} {params} {sorted(context.artifacts)} {context.model_config}"


class OfFile(mlflow.pyfunc.PythonModel):
    """Predicts the content of its file."""

    def load_context(self, context):
        self.text = Path(context.artifacts["f"]).read_text()

    def predict(self, context, model_input):
        return self.text


class Streaming(Telling):
    """Predicts piece by piece too."""

    def predict_stream(self, context, model_input, params=None):
        yield from str(model_input).split()


def saved(name, model, **options):
    folder = f"python {name}"
    mlflow.pyfunc.save_model(folder, python_model=model, **NAMED, **options)
    return folder


def predicted(name, model, data=X, load=None, predict=None, **options):
    loaded = mlflow.pyfunc.load_model(saved(name, model, **options), **(load or {}))
    return loaded.predict(data, **(predict or {}))


def params():
    with_params = models.infer_signature(X, ["a"], params={"k": 1, "t": ["a"], "f": 1.5, "b": True})
    loaded = mlflow.pyfunc.load_model(saved("params", Telling(), signature=with_params))
    given = {
        "known": {"k": 2},
        "unknown": {"other": 1},
        "of another type": {"k": "x"},
        "whole number for a number": {"f": 2},
        "list": {"t": ["x", "y"]},
        "text for a list": {"t": "x"},
        "of numpy": {"k": np.int64(3)},
        "None": None,
        "empty": {},
        "no dict": [1],
        "number for a boolean": {"b": 1},
        "None for one": {"k": None},
    }
    for name, values in given.items():
        case(f"params: {name}", loaded.predict, X, params=values)
    case("params without a signature", predicted, "bare", Telling(), predict={"params": {"a": 1}})


def python_models():
    Path("f.txt").write_text("hello")
    Path("config.yaml").write_text("x: 1\n")
    case("model_config", predicted, "config", Telling(), model_config={"a": 1})
    case("model_config in a file", predicted, "config file", Telling(), model_config="config.yaml")
    for name, changes in (("known", {"a": 3}), ("new", {"z": 3})):
        load = {"model_config": changes}
        case(f"model_config changed, {name}", predicted, f"changed {name}", Telling(), load=load, model_config={"a": 1})
    case("artifact", predicted, "artifact", OfFile(), artifacts={"f": "f.txt"})
    case("artifact by URL", predicted, "by URL", OfFile(), artifacts={"f": Path("f.txt").absolute().as_uri()})
    case("artifact that is missing", predicted, "missing", OfFile(), artifacts={"f": "nothing"})
    with mlflow.start_run() as run:
        mlflow.log_artifact("f.txt", "deep")
    of_run = f"runs:/{run.info.run_id}/deep/f.txt"
    case("artifact of a run", predicted, "of run", OfFile(), artifacts={"f": of_run})
    case("the class itself", saved, "class", Telling)
    case("a number", saved, "number", 3)
    case("neither", mlflow.pyfunc.save_model, "neither")
    case("both", saved, "both", Telling(), loader_module="json")
    case("code_paths that is missing", saved, "code", Telling(), code_paths=["nothing.py"])
    case("two requirements", saved, "two", Telling(), extra_pip_requirements=["pandas"])
    loaded = mlflow.pyfunc.load_model(saved("metadata", Telling(), metadata={"a": 1}))
    case("metadata", lambda: loaded.metadata.metadata)
    case("unwrap_python_model", lambda: type(loaded.unwrap_python_model()).__name__)
    case("predict_stream of a model without it", lambda: list(loaded.predict_stream("a b")))
    streaming = mlflow.pyfunc.load_model(saved("streaming", Streaming()))
    case("predict_stream", lambda: list(streaming.predict_stream("a b")))
    case("predict_stream of several rows", lambda: list(streaming.predict_stream(["a", "b"])))


def native_models():
    loaded = mlflow.pyfunc.load_model("columns")
    case("get_raw_model", lambda: type(loaded.get_raw_model()).__name__)
    case("unwrap_python_model of a native model", loaded.unwrap_python_model)
    case("native", lambda: mlflow.sklearn.load_model("columns").predict(X))
    case("suppress_warnings", lambda: mlflow.pyfunc.load_model("columns", suppress_warnings=True).predict(X))
    os.mkdir("downloads")
    case("dst_path", lambda: mlflow.pyfunc.load_model("columns", dst_path="downloads").predict(X))
    case("what is in dst_path", lambda: os.listdir("downloads"))
    case("dst_path that is missing", mlflow.pyfunc.load_model, "columns", dst_path="nowhere")
    case("no package", mlflow.pyfunc.load_model, "nothing here")
    case("another flavor", mlflow.xgboost.load_model, "columns")
    case("a folder that exists", mlflow.sklearn.save_model, regression, "columns", **NAMED)
    case("signature that is none", mlflow.sklearn.save_model, regression, "none", signature="no", **NAMED)
    case("unknown format", mlflow.sklearn.save_model, regression, "format", serialization_format="no", **NAMED)
    both = {"pip_requirements": ["a"], "conda_env": {}}
    case("requirements twice", mlflow.sklearn.save_model, regression, "twice", **both)
    case("no file of requirements", mlflow.sklearn.save_model, regression, "file", pip_requirements="numpy")
    classifier = LogisticRegression().fit(X, [0, 1, 0])
    for method in ("predict_proba", "missing"):
        case(f"pyfunc_predict_fn={method}", predicted_with, classifier, method)


def predicted_with(model, method):
    mlflow.sklearn.save_model(model, method, pyfunc_predict_fn=method, **NAMED)
    return mlflow.pyfunc.load_model(method).predict(X)


if __name__ == "__main__":
    enforcement()
    params()
    python_models()
    native_models()
    print(json.dumps(outcomes))
