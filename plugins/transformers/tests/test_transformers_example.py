"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import pytest

pytest.importorskip("transformers", reason="needs transformers: run `make test-deep`")


def test_the_example(run_example):
    told = run_example()
    assert told[-2] == "30 losses, which fell: True; held out: eval_loss_held_out"
    assert told[-1] == "['LABEL_1', 'LABEL_0']"
