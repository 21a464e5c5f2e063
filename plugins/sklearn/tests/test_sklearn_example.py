"""The example of the plugin runs, and says what it should."""

from __future__ import annotations


def test_the_example(run_example):
    found, told, same = run_example()
    assert found == "C 0.1, cross-validated 0.983"
    assert told.startswith("4 candidates as child runs; artifacts: confusion_matrix.json, cv_results.csv")
    assert same == "the package predicts the same: True"
