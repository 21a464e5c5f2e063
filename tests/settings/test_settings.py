"""Which value of a setting is in force: seven layers, the environment of `autolog()`'s moment, unreadable values."""

from __future__ import annotations

import dataclasses
import os
import pickle

import pytest

import fitprint
from fitprint._core import guard as _guard
from fitprint._settings import layers as _configuration
from fitprint._settings.layers import Configuration
from fitprint._settings.table import TABLE, Settings


@pytest.fixture
def told(caplog):
    """A function that gives the lines fitprint told."""
    _guard.reset_warned()
    return lambda: caplog.messages


def configuration(general=None, own=None, **environment):
    return Configuration(
        general=general or {},
        by_flavor={"toy": own} if own is not None else {},
        environment={f"FITPRINT_{name}": value for name, value in environment.items()},
        directory="/here",
    )


# From the lowest layer to the highest: how it is given, and what is in force once it is.
LAYERS = [
    ("the default", "default"),
    ("the flavor's default", "flavor default"),
    ("FITPRINT_EXPERIMENT", "variable"),
    ("FITPRINT_TOY_EXPERIMENT", "flavor's variable"),
    ("the general autolog()", "general"),
    ("the flavor's own autolog()", "own"),
]


@pytest.mark.parametrize("highest", range(len(LAYERS)))
def test_each_layer_wins_over_all_below_it(highest):
    defaults = {"experiment": "flavor default"} if highest >= 1 else {}
    environment = {}
    if highest >= 2:
        environment["EXPERIMENT"] = "variable"
    if highest >= 3:
        environment["TOY_EXPERIMENT"] = "flavor's variable"
    general = {"experiment": "general"} if highest >= 4 else {}
    own = {"experiment": "own"} if highest >= 5 else None
    found = configuration(general, own, **environment).settings("toy", defaults)
    assert found.experiment == LAYERS[highest][1], f"{LAYERS[highest][0]} is not in force"


def test_the_kill_switch_is_above_all():
    given = configuration({"disabled": False}, {"disabled": False}, DISABLED="yes")
    assert given.settings().disabled
    assert given.settings("toy").disabled
    assert not configuration({}, {"disabled": False}, DISABLED="no").settings("toy").disabled


def test_the_kill_switch_of_one_flavor_leaves_the_others():
    given = configuration(TOY_DISABLED="1")
    assert given.settings("toy").disabled
    assert not given.settings("other").disabled
    assert not given.settings().disabled


def test_a_flavor_s_variable_and_arguments_are_its_own():
    given = configuration(own={"quiet": True}, TOY_EXPERIMENT="mine")
    assert (given.settings("toy").experiment, given.settings("toy").quiet) == ("mine", True)
    assert (given.settings("other").experiment, given.settings("other").quiet) == ("default", False)


def test_what_was_chosen_by_name_stands_between_arguments_and_environment():
    chosen = configuration({"experiment": "argument"}, EXPERIMENT="variable").choosing(experiment="chosen")
    assert chosen.settings().experiment == "chosen"  # the later call wins
    later = dataclasses.replace(chosen, general={"experiment": "argument"})
    assert later.settings().experiment == "argument"


def test_an_empty_variable_counts_as_unset(monkeypatch, told):
    monkeypatch.setenv("FITPRINT_EXPERIMENT", "")
    monkeypatch.setenv("FITPRINT_QUIET", "")
    monkeypatch.setenv("FITPRINT_TOY_STORE", "")
    monkeypatch.setenv("FITPRINT_STORE", "/runs")
    settings = Configuration().now().settings("toy")
    assert (settings.experiment, settings.quiet, settings.store) == ("default", False, "/runs")
    assert told() == []


@pytest.mark.parametrize("name", ["store", "experiment", "exclude_flavors", "include_estimators", "exclude_estimators"])
def test_none_and_empty_arguments_count_as_not_given(name):
    settings = configuration({name: TABLE[name].metadata["read"](None)}).settings()
    expected = "/here/fitprint-runs" if name == "store" else TABLE[name].default
    assert getattr(settings, name) == expected
    assert configuration({"store": TABLE["store"].metadata["read"]("")}).settings().store == "/here/fitprint-runs"


def test_an_unreadable_variable_is_one_line_and_is_left_out_of_the_order(told):
    given = configuration(QUIET="perhaps", TOY_QUIET="1", MIN_FIT_SECONDS="soon", MAX_MODEL_SIZE="2 parsecs")
    assert given.settings().quiet is False
    assert given.settings("toy").quiet is True
    assert given.settings().min_fit_seconds == 0
    assert given.settings().max_model_size is None
    assert len(told()) == 3, "each is told once, however often it is read"
    line = next(message for message in told() if "QUIET" in message)
    assert "\n" not in line
    assert all(
        words in line for words in ("FITPRINT_QUIET", "'perhaps'", "1 or 0, true or false, yes or no, on or off")
    )


def test_an_unreadable_variable_leaves_the_next_layer_in_force(told):
    given = configuration(TOY_MAX_MODEL_SIZE="much", MAX_MODEL_SIZE="1kB")
    assert given.settings("toy").max_model_size == 1000
    assert "FITPRINT_TOY_MAX_MODEL_SIZE" in told()[0]


def test_an_unreadable_kill_switch_does_not_kill(told):
    assert configuration(DISABLED="maybe").settings().disabled is False
    assert "FITPRINT_DISABLED" in told()[0]


def test_rules_are_no_variable(told):
    assert configuration(RULES="print").settings().rules == ()
    assert told() == []


def test_a_second_call_replaces_all_arguments_of_its_scope(store):
    fitprint.autolog(tags={"a": "1"}, quiet=True, flavors=[])
    fitprint.autolog(experiment="second", flavors=[])
    settings = _configuration.current().settings()
    assert (settings.tags, settings.quiet, settings.experiment) == (None, False, "second")


def test_calls_of_one_scope_leave_those_of_another(toy, store):
    fitprint.toy.autolog(experiment="own", quiet=True)
    fitprint.autolog(experiment="general", min_fit_seconds=3, flavors=[])
    fitprint.toy.autolog(experiment="own again")
    found = _configuration.current()
    assert found.settings("toy").experiment == "own again"
    assert found.settings("toy").quiet is False
    assert found.settings("toy").min_fit_seconds == 3
    assert found.settings("sklearn").experiment == "general"


def test_the_environment_is_that_of_the_moment_of_the_call(monkeypatch, store):
    monkeypatch.setenv("FITPRINT_EXPERIMENT", "before")
    fitprint.autolog(flavors=[])
    monkeypatch.setenv("FITPRINT_EXPERIMENT", "after")
    assert _configuration.current().settings().experiment == "before"
    fitprint.autolog(flavors=[])
    assert _configuration.current().settings().experiment == "after"


def test_the_store_stays_where_it_was_when_the_working_directory_changes(tmp_path, monkeypatch):
    fitprint.autolog(store="runs", flavors=[])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert fitprint.get_tracking_uri() == str(tmp_path / "runs")
    with fitprint.start_run() as run:
        assert run.path.parent == tmp_path / "runs"
    fitprint.autolog(store="runs", flavors=[])
    assert fitprint.get_tracking_uri() == str(elsewhere / "runs")


def test_places_are_paths_urls_and_file_urls(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert _configuration.absolute("runs", "/here") == "/here/runs"
    assert _configuration.absolute("/there", "/here") == "/there"
    assert _configuration.absolute("~/runs", "/here") == "/home/me/runs"
    assert _configuration.absolute("file:///a%20b/c", "/here") == "/a b/c"
    assert _configuration.absolute("s3://bucket/runs", "/here") == "s3://bucket/runs"
    assert _configuration.absolute("runs", "") == os.path.join(tmp_path, "runs")
    fitprint.set_tracking_uri(tmp_path / "as a path")
    assert fitprint.get_tracking_uri() == str(tmp_path / "as a path")


def test_mlflow_s_setters_choose_store_and_experiment(tmp_path):
    fitprint.set_tracking_uri(f"file://{tmp_path}/chosen")
    fitprint.set_experiment("churn")
    with fitprint.start_run() as run:
        pass
    assert run.path.parent == tmp_path / "chosen"
    assert run.experiment == "churn"
    assert [run.run_id for run in fitprint.runs(experiment="churn")] == [run.run_id]


def test_turning_off_keeps_the_store_known(tmp_path):
    fitprint.autolog(store="elsewhere", flavors=[])
    fitprint.disable()
    assert fitprint.get_tracking_uri() == str(tmp_path / "elsewhere")


def test_a_configuration_travels_to_another_process():
    given = configuration({"experiment": "x"}, {"quiet": True}, STORE="/runs")
    assert pickle.loads(pickle.dumps(given)) == given
    assert pickle.loads(pickle.dumps(given)).settings("toy") == given.settings("toy")


def test_settings_are_frozen_and_each_has_a_reader_that_takes_its_default():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().quiet = True  # type: ignore[misc]
    for name, setting in TABLE.items():
        assert setting.metadata["help"], name
        if setting.default is not None:
            assert setting.metadata["read"](setting.default) == setting.default, name
