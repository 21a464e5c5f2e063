"""Packages cross between the newest and the oldest versions supported: they predict the same, or say why they cannot.

The oldest versions are in an environment of their own, which `make test-oldest` makes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

SAME = "predicts the same"
THE_FRAMEWORK = "the framework names its own parts otherwise"
RANDOM_STATES = "numpy 1 knows no random generator that numpy 2 pickled"
NEWER_BOOSTERS = "boosters of 3.1 and later lose their base score in earlier versions"

TO_OLDEST = {
    "pipeline": SAME,
    "linear": SAME,
    "forest": SAME,
    "histograms": RANDOM_STATES,
    "neighbours": SAME,
    "boosted classifier": NEWER_BOOSTERS,
    "booster": NEWER_BOOSTERS,
}
TO_NEWEST = {
    "pipeline": THE_FRAMEWORK,
    "linear": SAME,
    "forest": SAME,
    "histograms": THE_FRAMEWORK,
    "neighbours": SAME,
    "boosted classifier": SAME,
    "booster": SAME,
}

TRAIN = """
    import json, sys, warnings

    import numpy as np
    import pandas as pd
    import xgboost
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    import fitprint

    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(80, 3)).round(3)
    target = (numbers[:, 0] + numbers[:, 1] > 0.5).astype(int)  # unbalanced: the base score is not 0.5
    frame = pd.DataFrame(numbers, columns=["a", "b", "c"])
    mixed = frame.assign(word=np.where(target, "yes", "no"))
    columns = [("words", OneHotEncoder(), ["word"]), ("numbers", StandardScaler(), ["a", "b", "c"])]
    models = {
        "pipeline": (make_pipeline(ColumnTransformer(columns), LogisticRegression()), mixed),
        "linear": (LogisticRegression(), numbers),
        "forest": (RandomForestClassifier(5, random_state=0), numbers),
        "histograms": (HistGradientBoostingClassifier(max_iter=3), frame),
        "neighbours": (KNeighborsClassifier(), frame),
        "boosted classifier": (xgboost.XGBClassifier(n_estimators=3), frame),
    }
    fitprint.autolog(quiet=True)
    made = {}

    def keep(name, data, predicted):
        columns = data.to_dict("list") if hasattr(data, "columns") else data.tolist()
        made[name] = {"package": str(fitprint.last_run().model_path), "data": columns, "predicted": predicted.tolist()}

    for name, (model, data) in models.items():
        keep(name, data, model.fit(data, target).predict(data))
    matrix = xgboost.DMatrix(frame, target)
    booster = xgboost.train({"objective": "binary:logistic"}, matrix, 3)
    keep("booster", frame, booster.predict(matrix))
    with open(sys.argv[1], "w") as file:
        json.dump(made, file)
"""

PREDICT = """
    import json, sys

    import numpy as np
    import pandas as pd

    import fitprint

    found = {}
    for name, model in json.load(open(sys.argv[1])).items():
        data = pd.DataFrame(model["data"]) if isinstance(model["data"], dict) else np.array(model["data"])
        try:
            found[name] = np.asarray(fitprint.load_model(model["package"]).predict(data)).tolist()
        except fitprint.models.PackageError as error:
            found[name] = str(error)
    print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def newest() -> str:
    return sys.executable


def crossed(run_python: Any, maker: str, reader: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was made by one interpreter, and what the other one predicts with it, or says."""
    env = {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}  # threads of several processes wait for each other
    run_python(TRAIN, "made.json", python=maker, env=env)
    done = run_python(PREDICT, "made.json", python=reader, env=env)
    return json.loads(Path("made.json").read_text()), json.loads(done.stdout)


def check(expected: dict[str, str], made: dict[str, Any], found: dict[str, Any]) -> None:
    assert {*made} == {*found} == {*expected}
    for name, outcome in expected.items():
        if outcome == SAME:
            assert found[name] == pytest.approx(made[name]["predicted"], rel=1e-5), name
        else:  # never a prediction that is another one
            assert isinstance(found[name], str), f"{name}: predicted, though {outcome}"
            mend = "load it with XGBoost 3.1" if outcome == NEWER_BOOSTERS else "To rebuild it:"
            assert mend in found[name], name


def test_packages_of_the_newest_versions_in_the_oldest(run_python, store, newest, oldest_python):
    check(TO_OLDEST, *crossed(run_python, newest, oldest_python))


def test_packages_of_the_oldest_versions_in_the_newest(run_python, store, newest, oldest_python):
    check(TO_NEWEST, *crossed(run_python, oldest_python, newest))


def test_the_oldest_environment_reads_its_own(run_python, store, oldest_python):
    made, found = crossed(run_python, oldest_python, oldest_python)
    check(dict.fromkeys(made, SAME), made, found)
