"""The example of the plugin runs, and says what it should."""

from __future__ import annotations

import pytest

pytest.importorskip("fastai", reason="needs fastai: run `make test-deep`")


def test_the_example(run_example):
    assert run_example()[-2:] == ["11 epochs, the validation loss fell: True", "['yes', 'no']"]
