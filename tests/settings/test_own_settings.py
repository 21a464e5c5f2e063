"""Settings that a plugin declares: arguments of its own `autolog()`, variables of its own, read by its own code."""

from __future__ import annotations

import pytest

import fitprint
from fitprint._core import guard as _guard


@pytest.fixture(autouse=True)
def lines(caplog):
    _guard.reset_warned()
    return lambda: [message for message in caplog.messages if "→" not in message]


def trained(toylearn):
    toylearn.Mean().fit([1], [2])
    return fitprint.runs()[0].params


OWN = {"level_every": 1, "log_every_n_epoch": 7, "between": [0, 9], "listener": None}


def test_without_a_value_the_default_holds(own, store):
    fitprint.autolog("toy")
    assert trained(own.imported()) == {"shift": 0.0, **OWN}


@pytest.mark.parametrize("imported_before", [True, False])
def test_an_argument_of_the_flavor_s_own_autolog(own, store, imported_before, lines):
    if imported_before:
        own.imported()
    fitprint.toy.autolog(level_every="3", log_every_n_epoch=2, between="4:5")
    assert trained(own.imported()) == {"shift": 0.0, **OWN, "level_every": 3, "log_every_n_epoch": 2, "between": [4, 5]}
    assert lines() == []


def test_a_variable_of_its_own_and_the_argument_above_it(own, store, monkeypatch, lines):
    monkeypatch.setenv("FITPRINT_TOY_LEVEL_EVERY", "5")
    monkeypatch.setenv("FITPRINT_LEVEL_EVERY", "6")
    fitprint.autolog("toy")
    assert trained(own.imported())["level_every"] == 5
    fitprint.toy.autolog(level_every=2)
    assert trained(own.imported())["level_every"] == 2
    assert [line for line in lines() if "FITPRINT_LEVEL_EVERY" in line], "no setting of all flavors is called so"


def test_the_general_autolog_does_not_know_them(own, store):
    own.imported()
    with pytest.raises(TypeError, match=r"autolog\(\) has no argument 'level_every'"):
        fitprint.autolog(level_every=3)


def test_with_the_framework_imported_a_wrong_argument_raises(own, store):
    own.imported()
    with pytest.raises(ValueError, match=r"toy.autolog\(between=...\): '4' cannot be read; accepted: two whole"):
        fitprint.toy.autolog(between="4")
    with pytest.raises(TypeError, match=r"toy.autolog\(\) has no argument 'levl_every'; did you mean 'level_e"):
        fitprint.toy.autolog(levl_every=3)


def test_before_the_import_a_wrong_argument_is_told_at_the_import(own, store, lines):
    fitprint.toy.autolog(between="4", levl_every=3, exclusive=True)
    assert lines() == []
    params = trained(own.imported())
    assert params == {"shift": 0.0, **OWN}
    assert sorted(lines()) == [
        "fitprint.toy.autolog() has no argument 'levl_every'; did you mean 'level_every'?; it is ignored",
        "fitprint.toy.autolog() ignores arguments of MLflow that have no meaning here: exclusive",
        "fitprint.toy.autolog(between=...): '4' cannot be read; accepted: two whole numbers as 1:2",
    ]


def test_before_the_import_a_slip_for_a_general_setting_raises(own, store):
    with pytest.raises(TypeError, match=r"has no argument 'log_modells'; did you mean 'log_models'\?"):
        fitprint.toy.autolog(log_modells=True)
    with pytest.raises(ValueError, match=r"fitprint.toy.autolog\(quiet=...\): 'perhaps' cannot be read"):
        fitprint.toy.autolog(quiet="perhaps")


def test_variables_that_are_none_of_its_settings_are_told_at_the_import(own, store, monkeypatch, lines):
    monkeypatch.setenv("FITPRINT_TOY_LEVL_EVERY", "5")
    monkeypatch.setenv("FITPRINT_TOY_BETWEEN", "4")
    fitprint.autolog("toy")
    assert lines() == []
    trained(own.imported())
    assert sorted(lines()) == [
        "FITPRINT_TOY_BETWEEN: '4' cannot be read; accepted: two whole numbers as 1:2",
        "FITPRINT_TOY_LEVL_EVERY is not a setting and is ignored; the nearest setting is FITPRINT_TOY_LEVEL_EVERY",
    ]


def test_a_default_of_the_flavor_s_own_is_read_as_a_value_is(own, store):
    fitprint.autolog("toy")
    own.imported().Mean().fit([1], [2])
    (run,) = fitprint.runs()
    assert run.experiment == "toys"
    large = own.imported().Mean()
    large.rest = bytes(2_000_000)
    large.fit([1], [2])
    run = fitprint.runs()[0]
    assert [skip[:2] for skip in run.skipped] == [("model", "max_model_size")]
    assert "1,000,000 bytes" in run.skipped[0].reason


def test_a_name_that_is_no_setting_s_breaks_the_flavor_with_the_reason(own, store):
    file = own.site / "fitprint_toy.py"
    file.write_text(file.read_text().replace('"listener"', '"port"'))
    fitprint.autolog("toy")
    own.imported()
    row = next(status for status in fitprint.status() if status.name == "toy")
    assert row.state == "broken"
    assert "a setting cannot be called 'port'" in row.reason


SPREAD = """
import joblib, fitprint, toylearn

def fit(number):
    toylearn.Mean(float(number)).fit([1], [2])

if __name__ == "__main__":
    fitprint.toy.autolog(level_every=3, listener=Path, between=(1, 2))
    joblib.Parallel(n_jobs=2)(joblib.delayed(fit)(number) for number in range(4))
"""


def test_they_reach_workers(own, store, run_python):
    run_python("from pathlib import PurePath as Path\nPath = str(Path('/a'))\n" + SPREAD, env={"FITPRINT_QUIET": "1"})
    runs = fitprint.runs()
    assert len(runs) == 4
    for run in runs:
        assert (run.params["level_every"], run.params["between"], run.params["listener"]) == (3, [1, 2], "/a")
