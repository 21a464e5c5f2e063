"""A model of one's own that holds two fitted ones, takes a param, and has a method beside `predict`."""

import fitprint as mlflow
from fitprint.models import infer_signature
from fitprint.pyfunc import PythonModel
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge


class Blend(PythonModel):
    def __init__(self, models):
        self.models = models

    def predict(self, context, model_input, params=None):
        share = (params or {}).get("share", 0.5)
        first, second = (model.predict(model_input) for model in self.models)
        return share * first + (1 - share) * second

    def names(self):
        return [type(model).__name__ for model in self.models]


X, y = load_diabetes(return_X_y=True, as_frame=True)
mlflow.autolog(log_models=False)
with mlflow.start_run():
    models = [Ridge().fit(X, y), RandomForestRegressor(5, random_state=0).fit(X, y)]
    info = mlflow.pyfunc.log_model(
        "blend",
        python_model=Blend(models),
        signature=infer_signature(X, y.to_numpy(), params={"share": 0.5}),
    )

loaded = mlflow.pyfunc.load_model(info.model_uri)
alone = loaded.predict(X, params={"share": 1.0})
print("Ridge alone:", bool((alone == models[0].predict(X)).all()))
print("models:", loaded.unwrap_python_model().names())
