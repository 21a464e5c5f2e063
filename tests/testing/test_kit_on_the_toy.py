"""The conformance kit passes a flavor that does all it should."""

from __future__ import annotations

import pytest


@pytest.mark.process
@pytest.mark.slow
def test_the_toy_passes_every_check(checked):
    done = checked()
    assert done.code == 0, done.text
