"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import pytest

pytest.importorskip("spacy", reason="needs spacy: run `make test-all`")


def test_the_example(run_example):
    told, answers = run_example()
    assert told.startswith("30 steps, cats_score ")
    assert told.endswith("loss fell: True")
    assert answers == "['good', 'bad']"
