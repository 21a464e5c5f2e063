"""A script: saves a package of every kind below the folder `kinds`."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost
from sklearn.linear_model import LinearRegression

import fitprint
from fitprint.models import infer_signature
from fitprint.pyfunc import PythonModel, PythonModelContext

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.5, 0.25, 4.0]})
TEXTS = ["x", "y"]
KINDS = Path("kinds")


class WithFiles(PythonModel):
    def load_context(self, context: PythonModelContext) -> None:
        self.numbers = [json.loads(Path(path).read_text()) for _, path in sorted(context.artifacts.items())]

    def predict(self, context, model_input, params=None):
        factor = context.model_config["factor"] * params["power"]
        return (model_input["a"] * factor + sum(self.numbers)).to_numpy()

    def described(self):
        return f"numbers {self.numbers}"


class WithoutContext(PythonModel):
    def predict(self, model_input):
        return model_input["a"].to_numpy() * 2


class OtherNames(PythonModel):
    def predict(self, ctx, frame):
        assert hasattr(ctx, "artifacts")
        return frame["b"].to_numpy() - 1


class Committee(PythonModel):
    def __init__(self, *members):
        self.members = members

    def predict(self, context, model_input, params=None):
        return np.mean([member(model_input) for member in self.members], axis=0)


def double(frame):
    return frame["a"] + OFFSET


OFFSET = 7


def shouted(texts: list[str]) -> list[str]:
    return [text.upper() for text in texts]


def scaled(frame, params=None):
    return frame["a"] * (params or {}).get("by", 3)


def committee():
    linear = LinearRegression().fit(FRAME[["a", "b"]], [1.0, 2.0, 3.0])
    trees = xgboost.XGBRegressor(n_estimators=2).fit(FRAME[["a", "b"]], [1.0, 2.0, 3.0])
    return Committee(linear.predict, lambda frame: trees.predict(frame[["a", "b"]]).astype(float))


def files():
    for name, number in (("one", 1), ("two", 20)):
        Path(name).mkdir()
        Path(name, "number.json").write_text(str(number))
    Path("loader_of_numbers.py").write_text(LOADER)
    Path("folder", "below").mkdir(parents=True)
    Path("folder", "below", "number.json").write_text("5")


LOADER = """
import json, pathlib
class Model:
    def __init__(self, number):
        self.number = number
    def predict(self, frame):
        return (frame["a"] * self.number).to_numpy()
def _load_pyfunc(data_path, model_config=None):
    place = pathlib.Path(data_path)
    if (place / "below").is_dir():
        place = place / "below" / "number.json"
    return Model(json.loads(place.read_text()) if place.is_file() else model_config["number"])
"""


def signature(params=None):
    return infer_signature(FRAME, params=params)


def main():
    files()
    artifacts = {"first": "one/number.json", "second": "two/number.json"}
    loader = {"loader_module": "loader_of_numbers", "code_paths": ["loader_of_numbers.py"], "signature": signature()}
    kinds = {
        "with_files": {
            "python_model": WithFiles(),
            "artifacts": artifacts,
            "model_config": {"factor": 10},
            "signature": signature({"power": 2}),
        },
        "without_context": {"python_model": WithoutContext(), "input_example": FRAME},
        "other_names": {"python_model": OtherNames(), "signature": signature()},
        "committee": {"python_model": committee(), "input_example": FRAME},
        "function": {"python_model": double, "signature": signature()},
        "lambda": {"python_model": lambda frame: frame.sum(axis=1)},
        "function_of_texts": {"python_model": shouted, "signature": infer_signature(TEXTS)},
        "function_with_params": {"python_model": scaled, "signature": signature({"by": 4.0})},
        "loader_of_file": {"data_path": "one/number.json", **loader},
        "loader_of_folder": {"data_path": "folder", **loader},
        "loader_of_config": {"model_config": {"number": 11}, **loader},
    }
    for name, options in kinds.items():
        fitprint.pyfunc.save_model(KINDS / name, **options)


main()
