"""What predictions and metrics after the training cost more than without recording: CPU microseconds.

python benchmarks/held_out.py

Each is measured in pairs, one call after the other, with the wrapper and without it. The functions themselves do nearly
nothing, so that their own time does not hide that of the wrapper; the recorded metric is scikit-learn's own.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

REPEATS, LOOP = 15, 2_000


def figures() -> dict[str, float]:
    """The cost of each kind of call."""
    from sklearn.base import BaseEstimator
    from sklearn.datasets import load_breast_cancer
    from sklearn.naive_bayes import GaussianNB

    import fitprint
    from fitprint._recorder.dataset_facts import digest_of

    class Same(BaseEstimator):  # type: ignore[misc]
        """Predicts what it was given before."""

        def fit(self, X: Any, y: Any) -> Any:
            self.predictions_ = np.zeros(len(X))
            return self

        def predict(self, X: Any) -> Any:
            return self.predictions_

        def score(self, X: Any, y: Any) -> Any:
            return "no number"

    X_test, y_test = load_breast_cancer(return_X_y=True, as_frame=True)
    with tempfile.TemporaryDirectory() as folder:
        fitprint.autolog(store=folder, quiet=True)
        from sklearn.metrics import accuracy_score  # a local variable that was bound before would not be patched

        with fitprint.suppress():
            unknown = Same().fit(X_test, y_test)
        known, other = Same().fit(X_test, y_test), np.zeros(len(X_test))
        bare_predict, bare_score = Same.predict.__wrapped__, Same.score.__wrapped__
        model = GaussianNB().fit(X_test, y_test)
        labels, bare_metric = model.predict(X_test), accuracy_score.__wrapped__
        accuracy_score(y_test, labels)  # the first one imports what the others find imported
        found = {
            "prediction, unknown": _more(lambda: unknown.predict(X_test), lambda: bare_predict(unknown, X_test), LOOP),
            "prediction, recorded": _more(lambda: known.predict(X_test), lambda: bare_predict(known, X_test), LOOP),
            "metric, unknown": _more(
                lambda: unknown.score(y_test, other), lambda: bare_score(None, y_test, other), LOOP
            ),
            "metric, recorded": _more(lambda: accuracy_score(y_test, labels), lambda: bare_metric(y_test, labels), 1),
            "digest": _time(lambda: digest_of(X_test), 20),
        }
        fitprint.disable()
    return found


def _more(wrapped: Callable[[], Any], bare: Callable[[], Any], loop: int) -> float:
    """The median of what one call takes more than the other."""
    return statistics.median(_time(wrapped, loop) - _time(bare, loop) for _ in range(REPEATS))


def _time(call: Callable[[], Any], loop: int) -> float:
    if loop == 1:
        time.sleep(0.11)  # ten in a second are written at once, further ones together
    began = time.process_time_ns()
    for _ in range(loop):
        call()
    return (time.process_time_ns() - began) / loop / 1000


if __name__ == "__main__":
    print(json.dumps(figures()))
