"""What many recordings leave in the memory of a process: next to nothing, and no open file."""

from __future__ import annotations

import json

import pytest

import fitprint

MOST = 5_000_000
"""Bytes that the process may grow by."""

FITS = """
import gc, json, os, sys
import numpy as np
import fitprint
{framework}

def state():
    gc.collect()
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir("/proc/self/fd"))

X, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
fitprint.autolog(quiet=True, strict=True, log_input_examples=True)
fits, warm = int(sys.argv[1]), int(sys.argv[2])
for _ in range(warm):
    fit()
(memory, files) = state()
for _ in range(fits):
    fit()
(memory_after, files_after) = state()
print(json.dumps({{"grown": memory_after - memory, "files": files_after - files}}))
"""

SCIKIT_LEARN = """
from sklearn.tree import DecisionTreeClassifier

def fit():
    DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
"""

XGBOOST = """
import xgboost

def fit():
    data = xgboost.DMatrix(X, y, nthread=1)
    xgboost.train({"nthread": 1}, data, num_boost_round=2, evals=[(data, "train")], verbose_eval=False)
"""

BLOCKS = """
def fit():
    with fitprint.start_run("block") as run:
        run.log_param("p", 1)
        run.log_metric("m", 1.0)
        run.log_text("x" * 1000, "a.txt")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("framework", "fits"),
    [(SCIKIT_LEARN, 2000), (XGBOOST, 200), (BLOCKS, 2000)],
    ids=["scikit-learn", "xgboost", "blocks"],
)
def test_recordings_leave_neither_memory_nor_files_behind(store, run_python, framework, fits):
    warm = fits // 20
    found = json.loads(run_python(FITS.format(framework=framework), fits, warm).stdout)
    print(found)
    assert found["files"] == 0
    assert found["grown"] < MOST
    assert len(list(store.glob("*/run.json"))) == fits + warm
    assert fitprint.runs(newest=1)[0].skipped == []
