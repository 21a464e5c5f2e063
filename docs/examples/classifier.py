"""A run with params, a metric, and a model logged by hand with its signature; then it is loaded and predicts."""

import fitprint as mlflow
from fitprint.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

X, y = load_iris(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

mlflow.set_experiment("iris")
mlflow.autolog(log_models=False)
with mlflow.start_run(run_name="logistic") as run:
    model = LogisticRegression(C=0.5, max_iter=1000).fit(X_train, y_train)
    accuracy = accuracy_score(y_test, model.predict(X_test))
    mlflow.log_metric("test_accuracy", accuracy)
    mlflow.set_tag("stage", "trial")
    signature = infer_signature(X_test, model.predict(X_test))
    info = mlflow.sklearn.log_model(model, "classifier", signature=signature, input_example=X_test.head(2))

loaded = mlflow.pyfunc.load_model(info.model_uri)
finished = mlflow.get_run(run.info.run_id)
print("C:", finished.data.params["C"])
print("accuracy:", round(finished.data.metrics["test_accuracy"], 3))
print("same predictions:", bool((loaded.predict(X_test) == model.predict(X_test)).all()))
