"""A script: loads every package below the folder `kinds` with the reader it is told, and prints what each predicts."""

import importlib
import importlib.util
import json
import sys
from pathlib import Path

import pandas as pd

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.5, 0.25, 4.0]})
TEXTS = ["x", "y"]

absent = "mlflow" if sys.argv[1] == "fitprint.pyfunc" else "fitprint"
assert importlib.util.find_spec(absent) is None, f"{absent} is installed here"
reader = importlib.import_module(sys.argv[1])
found = {}
for folder in sorted(Path("kinds").iterdir()):
    model = reader.load_model(str(folder))
    texts = folder.name == "function_of_texts"
    found[folder.name] = [value if texts else float(value) for value in model.predict(TEXTS if texts else FRAME)]
    if folder.name == "with_files":
        found["described"] = model.unwrap_python_model().described()
        found["with params"] = [float(value) for value in model.predict(FRAME, params={"power": 3})]
print(json.dumps(found))
