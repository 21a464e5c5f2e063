"""Systems that have next to nothing: a user without a name, no HOME, and one folder alone that may be written."""

from __future__ import annotations

import os

SCRIPT = """
import getpass, os, sys
import fitprint
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from faulty_files import tried

try:
    getpass.getuser()
    sys.exit("this system knows the user's name")
except (OSError, KeyError):
    pass
try:
    open("/tmp/of-a-read-only-system", "w")
    sys.exit("this system can be written anywhere")
except OSError:
    pass
before = tried()
fitprint.autolog(strict=True)
X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=1000).fit(X, y)
with fitprint.start_run("own") as own:
    own.log_metric("m", 1.0)
runs = fitprint.runs()
print([(run.name, run.status, [*run.models], run.skipped) for run in runs])
print((fitprint.load_model(runs[1].model_path).predict(X) == model.predict(X)).all())
print(tried() == before, "user" in runs[1].tags)
"""
NAMES = ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR", "TERM", "LANG")


def test_everything_is_recorded_without_a_word(run_faulty, store, tmp_path):
    done = run_faulty(SCRIPT, env={"FAULTS_WRITABLE": os.fspath(store), **dict.fromkeys(NAMES), "MPLCONFIGDIR": None})
    expected = [("own", "FINISHED", [], []), ("LogisticRegression", "FINISHED", ["model"], [])]
    assert done.stdout.splitlines() == [str(expected), "True", "True False"]
