"""Nothing of the user's is another than without recording."""

from __future__ import annotations

import gc
import warnings
import weakref

import pytest

pytest.importorskip("prophet", reason="needs prophet: run `make test-all`")

import numpy as np
import pandas as pd
from prophet import Prophet
from prophet.diagnostics import cross_validation

import fitprint


def fitted(frame):
    model = Prophet(n_changepoints=4)
    model.add_regressor("rain")
    return model.fit(frame, seed=2)


def parts(model):
    """What a model holds, by name: objects of Stan by their class."""
    found = {}
    for name, value in vars(model).items():
        plain = isinstance(value, (pd.DataFrame, pd.Series, np.ndarray, dict, str, int, float, bool, type(None)))
        found[name] = repr(value) if plain else type(value).__name__
    return found


def test_a_model_holds_what_it_holds_without_recording(store, frame):
    plain = parts(fitted(frame))
    fitprint.autolog(strict=True, quiet=True)
    assert parts(fitted(frame)) == plain


def test_the_frame_is_not_changed(recorded, frame):
    kept = frame.copy(deep=True)
    model = fitted(frame)
    cross_validation(model, "20 days", period="60 days", initial="150 days", disable_tqdm=True)
    pd.testing.assert_frame_equal(frame, kept)


def test_nothing_is_kept_alive(recorded, frame):
    data = frame.copy()
    model = fitted(data)
    table = cross_validation(model, "20 days", period="60 days", initial="150 days", disable_tqdm=True)
    gone = [weakref.ref(value) for value in (data, model, table)]
    del data, model, table
    gc.collect()
    assert [reference() for reference in gone] == [None] * 3
    assert len(fitprint.runs()) == 2


def test_random_numbers_are_the_same(store, frame):
    def draw():
        np.random.seed(4)
        model = fitted(frame)
        return np.random.random(), model.predict(frame[-5:])["yhat_lower"].tolist()

    plain = draw()
    fitprint.autolog(strict=True, quiet=True)
    assert draw() == plain


def test_warnings_and_log_lines_are_the_same(store, frame, caplog):
    def told():
        caplog.clear()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cross_validation(fitted(frame.assign(y=frame.y - frame.y.min())), "20 days", disable_tqdm=True)
        lines = [(record.name, record.getMessage()) for record in caplog.records if record.name == "prophet"]
        return [
            (warning.category.__name__, str(warning.message), warning.filename, warning.lineno) for warning in caught
        ], lines

    plain = told()
    assert plain[1]
    fitprint.autolog(strict=True, quiet=True)
    assert told() == plain


def test_a_failed_fit_keeps_nothing_alive(store, frame):
    fitprint.autolog(quiet=True)
    data = frame.drop(columns="rain")
    model = Prophet().add_regressor("rain")
    with pytest.raises(ValueError, match="rain"):
        model.fit(data)
    (run,) = fitprint.runs()
    assert (run.status, run.models) == ("FAILED", {})
    gone = [weakref.ref(data), weakref.ref(model)]
    del data, model
    gc.collect()
    assert [reference() for reference in gone] == [None, None]
