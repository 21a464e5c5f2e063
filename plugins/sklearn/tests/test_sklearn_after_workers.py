"""After joblib's workers were used, a thread of joblib's stays: what we leave untouched is the same with it."""

from __future__ import annotations

SCRIPT = """
import sys, threading
import numpy as np
from joblib import Parallel, delayed
from sklearn.dummy import DummyClassifier

import fitprint

if "recorded" in sys.argv:
    fitprint.autolog(quiet=True, strict=True)
Parallel(n_jobs=2, backend="loky")(delayed(abs)(number) for number in range(2))
assert threading.active_count() > 1
np.random.seed(5)
DummyClassifier(strategy="stratified").fit([[0], [1], [2], [3]], [0, 1, 0, 1])
print(np.random.randint(10**9))
"""


def test_the_global_random_state_is_the_same_with_us_after_joblib_s_workers(store, run_python):
    assert run_python(SCRIPT, "recorded").stdout == run_python(SCRIPT).stdout
