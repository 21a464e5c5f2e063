"""Packages in stock MLflow: they load, and predict what the model itself predicts of the same data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

REFUSED = {"mlflow2": {"text column of pandas"}}
"""Kinds of data that a version of MLflow refuses under the very signature that it infers of them itself."""

PREDICT = """
    import importlib.util, json, logging, sys, warnings
    import mlflow, numpy as np
    warnings.simplefilter("ignore")
    logging.disable()
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    assert importlib.util.find_spec("fitprint") is None
    sys.path.insert(0, sys.argv[1])
    import kinds_of_data
    kinds = kinds_of_data.kinds()
    found = {}
    for name, package in json.load(open("packages.json")).items():
        data = kinds[name][1]
        native = mlflow.sklearn.load_model(package)
        predict = native.predict if hasattr(native, "predict") else native.transform
        row = {"native": np.asarray(predict(data)).tolist()}
        try:
            model = mlflow.pyfunc.load_model(package)
            row["signature"] = model.metadata.signature is not None
            row["run"] = model.metadata.run_id
            row["pyfunc"] = np.asarray(model.predict(data)).tolist()
        except Exception as error:
            row["error"] = f"{type(error).__name__}: {error}"[:2000]
        found[name] = row
    for name in ("floats", "array"):
        version = mlflow.register_model(json.load(open("packages.json"))[name], f"own-{name}")
        assert version.version in (1, "1"), version
        again = mlflow.pyfunc.load_model(f"models:/own-{name}/1").predict(kinds[name][1])
        assert again.tolist() == found[name]["native"]
    json.dump(found, open("found.json", "w"))
"""


@pytest.mark.parametrize("version", ["mlflow2", "mlflow3"])
def test_packages_predict_in_stock_mlflow_what_the_model_predicts(version, trained, mlflow_pythons, run_python):
    Path("packages.json").write_text(json.dumps({name: example.package for name, example in trained.items()}))
    run_python(PREDICT, Path(__file__).parent, python=mlflow_pythons[version])
    found = json.loads(Path("found.json").read_text())
    assert set(found) == set(trained)
    for name, example in trained.items():
        row, expected = found[name], pytest.approx(example.predicted)
        assert row["native"] == expected, name
        if name == "components":
            assert "python_function" in row["error"]  # a transformer has no predict, in MLflow's own packages neither
            continue
        assert row["signature"], name
        assert row["run"] == example.run.run_id, name
        assert ("error" in row) == (name in REFUSED.get(version, ())), (name, row.get("error"))
        assert "error" in row or row["pyfunc"] == expected, name
