"""`fitprint settings`: every setting, its value, where it came from; and what the store has of each flavor."""

from __future__ import annotations

import pytest

import fitprint
from fitprint._settings.table import TABLE

OWN = """

from fitprint.plugin import parsers, setting

print("a framework that talks")
ToyFlavor.defaults = {"max_child_runs": "2"}
ToyFlavor.settings = {"level_every": setting(1, parsers.whole_number, "emit the level every so many rounds")}
"""


@pytest.fixture
def own(toy):
    file = toy.site / "fitprint_toy.py"
    file.write_text(file.read_text() + OWN)
    return toy


@pytest.fixture
def given(document):
    """(value, where from) by setting: in general, or of the toy."""

    def found(flavor=None):
        read = document("settings", "--flavor", "toy")
        rows = read["settings"] if flavor is None else read["flavors"][flavor]["settings"]
        return {row["name"]: (row["value"], row["from"]) for row in rows}

    return found


def test_every_setting_with_its_value_and_where_it_came_from(own, given, tmp_path, monkeypatch):
    assert [*given()] == [*TABLE]
    assert given()["store"] == (str(tmp_path / "fitprint-runs"), "default")
    monkeypatch.setenv("FITPRINT_TAGS", "team=x")
    monkeypatch.setenv("FITPRINT_MAX_MODEL_SIZE", "1kB")
    monkeypatch.setenv("FITPRINT_TOY_MAX_MODEL_SIZE", "2kB")
    monkeypatch.setenv("FITPRINT_TOY_LEVEL_EVERY", "3")
    assert given()["tags"] == ({"team": "x"}, "FITPRINT_TAGS")
    assert given()["max_model_size"] == (1000, "FITPRINT_MAX_MODEL_SIZE")
    of_the_toy = given("toy")
    assert [*of_the_toy] == [*TABLE, "level_every"]
    assert of_the_toy["max_model_size"] == (2000, "FITPRINT_TOY_MAX_MODEL_SIZE")
    assert of_the_toy["tags"] == ({"team": "x"}, "FITPRINT_TAGS")
    assert of_the_toy["max_child_runs"] == (2, "default of toy")
    assert of_the_toy["level_every"] == (3, "FITPRINT_TOY_LEVEL_EVERY")


def test_the_kill_switch_is_where_it_came_from(own, given, monkeypatch):
    monkeypatch.setenv("FITPRINT_DISABLED", "1")
    assert given("toy")["disabled"] == (True, "FITPRINT_DISABLED")


def test_the_table_has_of_a_flavor_what_is_its_own(own, invoke, monkeypatch):
    monkeypatch.setenv("FITPRINT_TOY_EXPERIMENT", "toys")
    monkeypatch.setenv("FITPRINT_STOER", "/runs")
    monkeypatch.setenv("FITPRINT_PORT", "tcp://10.0.0.1:80")
    lines = [line.split() for line in invoke("settings", "--flavor", "toy").stdout.splitlines()]
    begin, end = lines.index(["toy"]), lines.index(["unknown", "variables", "ignored"])
    assert [line for line in lines[begin + 1 : end] if line] == [
        ["experiment", "toys", "FITPRINT_TOY_EXPERIMENT"],
        ["max_child_runs", "2", "default", "of", "toy"],
        ["level_every", "1", "default"],
    ]
    assert lines[end + 1 :] == [["FITPRINT_STOER", *["the", "nearest", "setting:", "FITPRINT_STORE"]]]
    assert ["quiet", "false", "default"] in lines


def test_a_flavor_that_cannot_be_asked_is_said_to_be_so(own, document, invoke):
    (own.site / "fitprint_toy.py").write_text("raise RuntimeError('of its own')")
    assert document("settings", "--flavor", "toy")["flavors"]["toy"] == {"state": "broken", "settings": []}
    own.plugin(">=2")
    assert document("settings", "--flavor", "toy")["flavors"]["toy"]["state"] == "unsupported"
    assert "no flavor is called 'nope'" in invoke("settings", "--flavor", "nope", status=1).output


def test_installed_rules_are_named(own, given):
    own.distribution("house-rules", "1", "[fitprint.rules]\nnever = house_rules:Never\n")
    assert given()["rules"] == (["never"], "entry points")


def test_flavors_counts_what_the_store_has_of_each(toy, store, document, invoke):
    toylearn = toy.imported()
    fitprint.autolog("toy", log_models=False, rules=lambda call: "odd" if call.params["shift"] == 1 else None)
    for shift in (0, 1, 2):
        toylearn.Mean(shift).fit([1], [2])
    row = next(flavor for flavor in document("flavors")["flavors"] if flavor["name"] == "toy")
    assert (row["runs"], row["skips"]) == (2, {"log_models": 2})
    head = next(line for line in invoke("flavors").stdout.splitlines() if "installed" in line)
    assert "runs" in head
    assert "left out" in head
    assert "does not exist" in invoke("flavors", "--store", "nowhere", status=1).output
