"""Warnings of whole programs: asked for with the interpreter's variable, and in a test suite that has none of them."""

from __future__ import annotations

import pytest

import fitprint

SCRIPT = """
import sys
sys.argv[1] == "recorded" and __import__("fitprint").autolog(quiet=True)
import warnings, numpy as np
from sklearn.base import BaseEstimator

class Warns(BaseEstimator):
    def fit(self, X, y=None):
        warnings.warn("old", DeprecationWarning, stacklevel=2)
        warnings.warn("look", UserWarning, stacklevel=2)
        return self

    def predict(self, X):
        warnings.warn("predicted", UserWarning, stacklevel=1)
        return np.zeros(len(X))

for _ in range(2):
    Warns().fit(np.zeros((3, 2)))
"""


@pytest.mark.parametrize("asked", [None, "error", "always", "ignore", "error::UserWarning", "once", "module"])
def test_warnings_asked_for_with_the_interpreter_s_variable(run_python, store, asked):
    plain, recorded = (
        run_python(SCRIPT, mode, name="program.py", check=False, env={"PYTHONWARNINGS": asked})
        for mode in ("plain", "recorded")
    )
    assert (recorded.stdout, recorded.stderr, recorded.returncode) == (plain.stdout, plain.stderr, plain.returncode)
    assert fitprint.runs()


TEST_FILE = """
import os, warnings
import numpy as np, pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
import fitprint

if os.environ["RECORDED"] == "1":
    fitprint.autolog()

class Warns(BaseEstimator):
    def fit(self, X, y=None):
        return self

    def predict(self, X):
        warnings.warn("predicted", UserWarning, stacklevel=1)
        return np.zeros(len(X))

def test_fine():
    Warns().fit(np.zeros((3, 2)))
    LogisticRegression(max_iter=1000).fit(*load_iris(return_X_y=True))

def test_warns():
    LogisticRegression(max_iter=2).fit(*load_iris(return_X_y=True))

def test_expected():
    with pytest.warns(UserWarning, match="lbfgs"):
        LogisticRegression(max_iter=2).fit(*load_iris(return_X_y=True))

def test_none_recorded(recwarn):
    Warns().fit(np.zeros((3, 2)))
    assert len(recwarn) == 0
"""


@pytest.mark.slow
def test_a_test_suite_where_every_warning_is_an_error(run_python, store, tmp_path):
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider\n")
    (folder / "test_models.py").write_text(TEST_FILE)
    found = []
    for recorded in ("0", "1"):
        done = run_python(
            f"import pytest, sys; sys.exit(pytest.main(['-q', '-rA', {str(folder)!r}, '--rootdir', {str(folder)!r}]))",
            check=False,
            env={"RECORDED": recorded},
        )
        assert done.returncode == 1, "the one test that warns fails"
        found.append([line for line in done.stdout.splitlines() if line.startswith(("PASSED", "FAILED", "ERROR"))])
    assert found[0] == found[1]
    assert len(found[0]) == 4
    assert len(fitprint.runs()) == 5
