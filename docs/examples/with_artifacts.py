"""A model that is put together when it is loaded, from files that were made elsewhere."""

import json
import pickle
from pathlib import Path

import fitprint as mlflow
from fitprint.models import infer_signature
from fitprint.pyfunc import PythonModel, PythonModelContext
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier


class Named(PythonModel):
    def load_context(self, context: PythonModelContext):
        self.model = pickle.loads(Path(context.artifacts["model"]).read_bytes())
        self.names = json.loads(Path(context.artifacts["names"]).read_text())

    def predict(self, context, model_input):
        return [self.names[number] for number in self.model.predict(model_input)]


iris = load_iris(as_frame=True)
Path("knn.pkl").write_bytes(pickle.dumps(KNeighborsClassifier(3).fit(iris.data, iris.target)))
Path("names.json").write_text(json.dumps(iris.target_names.tolist()))

with mlflow.start_run() as run:
    mlflow.pyfunc.log_model(
        "iris",
        python_model=Named(),
        artifacts={"model": "knn.pkl", "names": "names.json"},
        signature=infer_signature(iris.data, ["setosa"]),
    )

loaded = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/iris")
print("kinds:", loaded.predict(iris.data.iloc[[0, 60, 120]]))
