"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import pytest

pytest.importorskip("optuna", reason="needs optuna: run `make test-all`")


def test_the_example(run_example):
    counted, columns, best, predicted = run_example()
    assert counted.startswith("study: 12 trials, the best one ")
    assert columns.startswith("number,state,value,params_alpha,")
    assert best.startswith("trial ")
    assert " of 5 that stay: 0.9" in best
    assert predicted == "its model predicts 143 rows"
