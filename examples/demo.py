"""What fitprint records of ordinary training code, from the first call to a package loaded back.

    python examples/demo.py [STORE]

Trains six models on data that ships with scikit-learn, in a few seconds. The runs go to STORE, by default a new
temporary folder, and stay there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import xgboost
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import fitprint

LOAD_BACK = """\
import sys, fitprint
from sklearn.datasets import load_iris

rows = load_iris(as_frame=True).data.iloc[::25]
model = fitprint.load_model(sys.argv[1])
print(*model.predict(rows))
"""


def main() -> None:
    store = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="fitprint-demo-")).absolute()
    os.environ["FITPRINT_STORE"] = str(store)  # for the commands below

    heading("One call")
    say(f'    fitprint.autolog(store="{store}")')
    fitprint.autolog(store=store)

    heading("Training, as in any script; fitprint tells of each run in a line of its own")
    pipeline = train_all()

    heading("What was recorded: fitprint runs")
    command("runs")

    run = fitprint.run_of(pipeline)
    assert run is not None, "the pipeline left no run"
    heading(f"One run in full: fitprint show {run.run_id[:13]}...")
    command("show", run.run_id)

    heading("Its package, loaded back in a process of its own")
    load_back(pipeline, run)

    heading("To look further")
    installed = os.path.relpath(Path(sys.executable).with_name("fitprint"))
    say(f"    export FITPRINT_STORE={store}\n    {installed} runs\n    {installed} inspect {run.model_path}")


def train_all() -> Pipeline:
    """Six training calls, none of which knows of fitprint. Gives the first model."""
    say("\nLogistic regression after scaling, on iris, a DataFrame")
    iris = load_iris(as_frame=True)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    pipeline.fit(iris.data, iris.target)

    say("\nRandom forest, on breast cancer")
    cancer = load_breast_cancer(as_frame=True)
    train, test, train_target, test_target = train_test_split(cancer.data, cancer.target, random_state=0)
    RandomForestClassifier(n_estimators=50, random_state=0).fit(train, train_target)

    say("\nGrid search over a support vector machine, on wine: a run, and one below it for each of the best candidates")
    wine, kinds = load_wine(return_X_y=True)
    machine = make_pipeline(StandardScaler(), SVC())
    GridSearchCV(machine, {"svc__C": [0.1, 1, 10], "svc__kernel": ["linear", "rbf"]}, cv=3).fit(wine, kinds)

    say("\nRidge regression, on diabetes")
    diabetes = load_diabetes(as_frame=True)
    Ridge(alpha=0.5).fit(diabetes.data, diabetes.target)

    say("\nXGBoost's classifier with a validation set, on breast cancer")
    boosted = xgboost.XGBClassifier(n_estimators=40, max_depth=3, early_stopping_rounds=5)
    boosted.fit(train, train_target, eval_set=[(test, test_target)], verbose=False)

    say("\nxgboost.train, on diabetes")
    matrix = xgboost.DMatrix(diabetes.data, diabetes.target)
    xgboost.train({"max_depth": 3, "eta": 0.2}, matrix, 20, evals=[(matrix, "train")], verbose_eval=False)
    return pipeline


def load_back(pipeline: Pipeline, run: fitprint.Run) -> None:
    """Prints what the package predicts in a fresh process beside what the trained object predicts here."""
    say(indented(LOAD_BACK))
    script = [sys.executable, "-c", LOAD_BACK, str(run.model_path)]
    loaded = subprocess.run(script, capture_output=True, text=True, check=False)
    if loaded.returncode != 0:
        sys.exit(loaded.stderr)
    rows = load_iris(as_frame=True).data.iloc[::25]
    here = " ".join(map(str, pipeline.predict(rows)))
    say(f"    the trained pipeline, in this process:  {here}")
    say(f"    its package, loaded in the other one:   {loaded.stdout.strip()}")
    if loaded.stdout.strip() != here:
        sys.exit("They differ.")


def command(*arguments: str) -> None:
    """Runs `fitprint ARGUMENTS`."""
    ended = subprocess.run([sys.executable, "-m", "fitprint", *arguments], check=False)
    if ended.returncode != 0:
        sys.exit(ended.returncode)


def heading(text: str) -> None:
    say(f"\n\n{text}\n{'-' * len(text)}")


def indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines()) + "\n"


def say(text: str) -> None:
    print(text, flush=True)  # fitprint's own lines go to standard error, unbuffered: they stay in order


if __name__ == "__main__":
    main()
