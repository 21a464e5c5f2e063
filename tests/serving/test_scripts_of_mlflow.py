"""The scripts of MLflow's documents, end to end: one process trains and packages, another serves, a third one asks.

Each script is MLflow's own but for its first import. Its last line says what is served, some rows, and what the model
itself predicts for them in the process that trained it.
"""

from __future__ import annotations

import json
import textwrap

import pytest

pytestmark = pytest.mark.slow

END = """
import json
split = json.loads(rows.to_json(orient="split", index=False))
print(json.dumps({"package": str(package), "rows": split, "expected": expected}))
"""

SCRIPTS = {
    "autolog": """
        import fitprint as mlflow
        from sklearn.datasets import load_diabetes
        from sklearn.ensemble import RandomForestRegressor
        from sklearn.model_selection import train_test_split

        mlflow.autolog()

        db = load_diabetes(as_frame=True)
        X_train, X_test, y_train, y_test = train_test_split(db.data, db.target, random_state=0)
        rf = RandomForestRegressor(n_estimators=10, max_depth=6, max_features=3, random_state=0)
        rf.fit(X_train, y_train)
        predictions = rf.predict(X_test)

        run = mlflow.last_active_run()
        package, rows, expected = f"runs:/{run.info.run_id}/model", X_test, predictions.tolist()
    """,
    "log_model with a signature": """
        import fitprint as mlflow
        import pandas as pd
        from fitprint.models import infer_signature
        from sklearn import datasets
        from sklearn.ensemble import RandomForestClassifier

        with mlflow.start_run() as run:
            iris = datasets.load_iris()
            iris_train = pd.DataFrame(iris.data, columns=iris.feature_names)
            clf = RandomForestClassifier(max_depth=7, random_state=0)
            clf.fit(iris_train, iris.target)
            signature = infer_signature(iris_train, clf.predict(iris_train))
            info = mlflow.sklearn.log_model(clf, name="iris_rf", signature=signature, input_example=iris_train.head(2))

        package, rows, expected = info.model_uri, iris_train, clf.predict(iris_train).tolist()
    """,
    "loader_module with code_path and data_path": """
        import pickle
        from pathlib import Path
        import fitprint as mlflow
        import pandas as pd
        from fitprint.models import infer_signature
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression

        Path("iris_loader.py").write_text('''
        import pickle


        class Named:
            def __init__(self, model, names):
                self.model, self.names = model, names

            def predict(self, data):
                return [self.names[number] for number in self.model.predict(data)]


        def _load_pyfunc(data_path):
            with open(data_path, "rb") as file:
                return Named(*pickle.load(file))
        ''')

        iris = load_iris(as_frame=True)
        model = LogisticRegression(max_iter=1000).fit(iris.data, iris.target)
        names = iris.target_names.tolist()
        with open("iris.pkl", "wb") as file:
            pickle.dump((model, names), file)
        mlflow.pyfunc.save_model(
            path="iris_model",
            loader_module="iris_loader",
            data_path="iris.pkl",
            code_path=["iris_loader.py"],
            signature=infer_signature(iris.data, names),
        )
        rows = iris.data.iloc[[0, 60, 120]]
        package, expected = "iris_model", [names[number] for number in model.predict(rows)]
    """,
    "PythonModel": """
        import fitprint.pyfunc
        import pandas as pd
        from fitprint.models import infer_signature


        class AddN(fitprint.pyfunc.PythonModel):
            def __init__(self, n):
                self.n = n

            def predict(self, context, model_input, params=None):
                return model_input.apply(lambda column: column + self.n)


        model_path = "add_n_model"
        add5_model = AddN(n=5)
        model_input = pd.DataFrame([range(10)], columns=[f"c{number}" for number in range(10)])
        fitprint.pyfunc.save_model(path=model_path, python_model=add5_model, signature=infer_signature(model_input))
        package, rows = model_path, model_input
        expected = [{f"c{number}": number + 5 for number in range(10)}]
    """,
    "PythonModel with artifacts": """
        import fitprint.pyfunc
        import xgboost as xgb
        from fitprint.models import infer_signature
        from sklearn import datasets
        from sklearn.model_selection import train_test_split

        iris = datasets.load_iris(as_frame=True)
        x_train, x_test, y_train, _ = train_test_split(iris.data, iris.target, test_size=0.2, random_state=42)
        dtrain = xgb.DMatrix(x_train, label=y_train)
        xgb_model = xgb.train(params={"max_depth": 3, "seed": 0}, dtrain=dtrain, num_boost_round=10)
        xgb_model_path = "xgb_model.json"
        xgb_model.save_model(xgb_model_path)
        artifacts = {"xgb_model": xgb_model_path}


        class XGBWrapper(fitprint.pyfunc.PythonModel):
            def load_context(self, context):
                import xgboost as xgb

                self.xgb_model = xgb.Booster()
                self.xgb_model.load_model(context.artifacts["xgb_model"])

            def predict(self, context, model_input, params=None):
                import xgboost as xgb

                return self.xgb_model.predict(xgb.DMatrix(model_input))


        predicted = xgb_model.predict(xgb.DMatrix(x_test))
        fitprint.pyfunc.save_model(
            path="xgb_mlflow_pyfunc",
            python_model=XGBWrapper(),
            artifacts=artifacts,
            signature=infer_signature(x_test, predicted),
        )
        package, rows, expected = "xgb_mlflow_pyfunc", x_test, predicted.tolist()
    """,
    "data_path that is a folder": """
        from pathlib import Path
        import fitprint.pyfunc
        import pandas as pd

        Path("lookup").mkdir()
        Path("lookup/names.txt").write_text("zero\\none\\ntwo\\n")
        Path("lookup_loader.py").write_text(
            "class Lookup:\\n"
            "    def __init__(self, folder):\\n"
            "        self.names = open(folder + '/names.txt').read().split()\\n"
            "    def predict(self, data):\\n"
            "        return data['number'].map(self.names.__getitem__)\\n"
            "def _load_pyfunc(path):\\n"
            "    return Lookup(path)\\n"
        )
        options = {"loader_module": "lookup_loader", "data_path": "lookup", "code_paths": ["lookup_loader.py"]}
        fitprint.pyfunc.save_model("lookup_model", **options)
        package, rows = "lookup_model", pd.DataFrame({"number": [2, 0]})
        expected = [{"number": "two"}, {"number": "zero"}]  # a Series is answered as records of its one column
    """,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_served_as_it_predicts(name, run_python, serve, store):
    done = run_python(textwrap.dedent(SCRIPTS[name]) + END)
    told = json.loads(done.stdout.splitlines()[-1])
    server = serve(told["package"])
    answer = server.post("/invocations", {"dataframe_split": told["rows"]})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": told["expected"]}
    assert server.post("/score", {"input_data": told["rows"]}).json() == told["expected"]
    one = {"dataframe_records": [dict(zip(told["rows"]["columns"], told["rows"]["data"][0], strict=True))]}
    assert server.post("/invocations", one).json() == {"predictions": told["expected"][:1]}
    assert server.stop() == 0
