"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

from pathlib import Path


def test_the_example(run_python, store):
    done = run_python((Path(__file__).parents[1] / "example.py").read_text("utf-8"))
    assert done.stdout.endswith("the package predicts the same: True\n")
