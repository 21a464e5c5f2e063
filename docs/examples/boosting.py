"""Boosting rounds recorded one by one, the booster logged by hand, saved to a folder, and a function as a model."""

import fitprint as mlflow
import xgboost
from fitprint.models import infer_signature
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
mlflow.xgboost.autolog(log_models=False)
with mlflow.start_run() as run:
    training, testing = xgboost.DMatrix(X_train, y_train), xgboost.DMatrix(X_test, y_test)
    params = {"objective": "binary:logistic", "max_depth": 3, "seed": 0}
    booster = xgboost.train(params, training, num_boost_round=10, evals=[(testing, "test")], verbose_eval=False)
    mlflow.log_params({"rows": len(X_train)})
    signature = infer_signature(X_test, booster.predict(testing))
    mlflow.xgboost.log_model(booster, "booster", signature=signature)
mlflow.xgboost.save_model(booster, "booster-folder", signature=signature)


def percent(model_input):
    return [round(100 * share) for share in model_input["share"]]


mlflow.pyfunc.save_model("percent-folder", python_model=percent, pip_requirements=["pandas"])

finished = mlflow.get_run(run.info.run_id)
print("rows:", finished.data.params["rows"], "depth:", finished.data.params["max_depth"])
print("test-logloss:", round(finished.data.metrics["test-logloss"], 2))
one = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/booster").predict(X_test)
other = mlflow.pyfunc.load_model("booster-folder").predict(X_test)
print("same:", bool((one == other).all() and (one == booster.predict(testing)).all()))
print("percent:", mlflow.pyfunc.load_model("percent-folder").predict(X_test.assign(share=0.5)[["share"]].head(2)))
