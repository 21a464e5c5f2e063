"""Nothing of the user's is another than without recording."""

from __future__ import annotations

import gc
import pickle
import warnings
import weakref

import pytest

pytest.importorskip("statsmodels", reason="needs statsmodels: run `make test-all`")

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from kinds_of_statsmodels import ARRAYS, FORMULAS, SERIES, design, fit

import fitprint
from fitprint_statsmodels._stand_in import stand_in

EVERY = {**ARRAYS, **FORMULAS, **SERIES}


def caches(results):
    """What has been worked out so far, in the results, their model and its data."""
    inner = getattr(results, "_results", results)
    parts = (inner, inner.model, getattr(inner.model, "data", None))
    return [sorted(vars(part)) + sorted(getattr(part, "_cache", None) or ()) for part in parts if part is not None]


@pytest.mark.parametrize("name", [name for name in EVERY if name != "ConditionalLogit"])
def test_results_hold_what_they_hold_without_recording(store, frame, series, name):
    data = series if name in SERIES else frame
    plain = fit(EVERY[name], data)
    fitprint.autolog(quiet=True)
    recorded = fit(EVERY[name], data)
    assert type(recorded) is type(plain)
    assert caches(recorded) == caches(plain)
    assert len(pickle.dumps(recorded)) == len(pickle.dumps(plain))


def test_a_stand_in_shares_arrays_and_keeps_its_caches_for_itself(frame):
    results, same = (sm.OLS(frame.y, design(frame)).fit() for _ in range(2))
    before = pickle.dumps(results)
    made = stand_in(results)
    assert made.rsquared == same.rsquared
    made.summary()
    assert made.model.exog is results.model.exog
    assert made.model is not results.model
    assert made.model.data is not results.model.data
    assert "rsquared" in made._results._cache
    assert pickle.dumps(results) == before


def test_the_frame_is_not_changed(recorded, frame):
    kept = frame.copy(deep=True)
    fit(FORMULAS["mixedlm"], frame)
    fit(ARRAYS["GLM"], frame)
    pd.testing.assert_frame_equal(frame, kept)


@pytest.mark.parametrize("name", ["OLS", "ols", "MixedLM", "ARIMA"])
@pytest.mark.parametrize("log_models", [True, False])
def test_nothing_is_kept_alive(store, frame, series, name, log_models):
    fitprint.autolog(quiet=True, log_models=log_models)
    data = (series if name in SERIES else frame).copy()
    results = fit(EVERY[name], data)
    gone = [weakref.ref(value) for value in (data, results, results._results, results.model)]
    del data, results
    gc.collect()
    assert [reference() for reference in gone] == [None] * len(gone)
    assert len(fitprint.runs()) == 1


def test_a_failed_fit_keeps_nothing_alive(store, frame):
    fitprint.autolog(quiet=True)
    data = frame.copy()
    model = sm.Logit(data.yes, design(data))
    with pytest.raises(ValueError, match="method"):
        model.fit(method="no such method", disp=False)
    gone = [weakref.ref(data), weakref.ref(model)]
    del data, model
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


def warned(frame):
    """What a fit that does not converge, and later uses of its results, warn of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results = sm.Logit(frame.yes, design(frame)).fit(disp=False, maxiter=1)
        sm.GLM(frame.y, design(frame)).fit().bic  # noqa: B018  which warns of another definition
        results.summary()
    return [(warning.category.__name__, str(warning.message), warning.filename, warning.lineno) for warning in caught]


def test_warnings_are_the_same_in_number_and_place(store, frame):
    plain = warned(frame)
    assert "ConvergenceWarning" in [warning[0] for warning in plain]
    fitprint.autolog(strict=True, quiet=True)
    assert warned(frame) == plain


def test_random_numbers_and_output_are_the_same(store, frame, capfd):
    def draw():
        np.random.seed(4)
        smf.poisson("count ~ x", frame).fit(disp=True)
        return np.random.random(), capfd.readouterr()

    plain = draw()
    fitprint.autolog(strict=True, quiet=True)
    assert draw() == plain


def test_predicting_for_the_signature_leaves_a_series_as_it_was(recorded, series):
    results = fit(SERIES["ARIMA"], series)
    expected = results.forecast(3)
    before = pickle.dumps(results)
    fitprint.statsmodels.log_model(results, "again")
    assert pickle.dumps(results) == before
    np.testing.assert_array_equal(results.forecast(3), expected)
