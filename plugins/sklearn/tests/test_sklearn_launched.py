"""scikit-learn under `fitprint run`: a search in loky's workers is one run, an own pool as many as it trains."""

from __future__ import annotations

import subprocess
import sys

import pytest

import fitprint

SCRIPT = """
import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB

def train(number):
    return GaussianNB().fit(*load_iris(return_X_y=True))

if __name__ == "__main__":
    GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.1, 1.0]}, cv=3, n_jobs=2).fit(*load_iris(return_X_y=True))
    joblib.Parallel(2)(joblib.delayed(train)(number) for number in range(3))
"""


@pytest.mark.process
def test_a_search_and_a_pool_in_workers(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "fitprint", "run", "--max-child-runs", "0", "--quiet", "train.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    names = sorted(run.name for run in fitprint.runs(str(tmp_path / "fitprint-runs")))
    assert names == ["GaussianNB", "GaussianNB", "GaussianNB", "GridSearchCV"]
