"""A user's own mock of a method, put over ours, under ours, and taken away in any order."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import unittest.mock

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import fitprint

X, y = np.random.default_rng(0).random((30, 2)), np.arange(30) % 2
STEPS = ("on", "off", "mock", "unmock")
ORDERS = [
    permutation
    for permutation in itertools.permutations(STEPS)
    if permutation.index("mock") < permutation.index("unmock")
]


@pytest.mark.series
@pytest.mark.parametrize("order", [order for order in ORDERS if order.index("on") < order.index("off")], ids="-".join)
@pytest.mark.parametrize("autospec", [False, True])
def test_a_mock_of_the_user_s_in_every_order(store, order, autospec):
    """Whatever the order: the mock is what is called while it is there, and the original is there in the end."""
    original = vars(LogisticRegression)["fit"]
    with contextlib.ExitStack() as at_the_end:
        at_the_end.callback(setattr, LogisticRegression, "fit", original)
        at_the_end.callback(fitprint.disable)
        mocked = None
        patcher = unittest.mock.patch.object(LogisticRegression, "fit", autospec=autospec)
        for step in order:
            if step == "on":
                fitprint.autolog(quiet=True)
            elif step == "off":
                fitprint.disable()
            elif step == "mock":
                mocked = patcher.start()
            else:
                patcher.stop()
                mocked = None
            calls = mocked.call_count if mocked is not None else 0
            model = LogisticRegression()
            model.fit(X, y)
            assert hasattr(model, "coef_") == (mocked is None)
            if mocked is not None:
                assert mocked.call_count == calls + 1
        fitted_before = len(fitprint.runs())
        LogisticRegression().fit(X, y)
        assert len(fitprint.runs()) == fitted_before, "it is off"
        fitprint.autolog(quiet=True)
        LogisticRegression().fit(X, y)
        assert len(fitprint.runs()) == fitted_before + 1, "and can be turned on again"
        fitprint.disable()
        assert inspect.unwrap(LogisticRegression.fit) is inspect.unwrap(original)


def test_a_mock_that_was_put_back_after_recording_ended_leaves_nothing_that_records(store):
    """unittest.mock puts back what it found, which was ours: it passes through, and status() is not fooled."""
    original = vars(LogisticRegression)["fit"]
    fitprint.autolog(quiet=True)
    with unittest.mock.patch.object(LogisticRegression, "fit"):
        fitprint.disable()
    LogisticRegression().fit(X, y)
    assert not fitprint.runs()
    fitprint.autolog(quiet=True)
    LogisticRegression().fit(X, y)
    assert len(fitprint.runs()) == 1
    fitprint.disable()
    assert vars(LogisticRegression)["fit"] is original
