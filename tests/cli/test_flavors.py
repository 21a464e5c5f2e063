"""`fitprint flavors`: each state and its reason, found without importing a framework or a plugin."""

from __future__ import annotations

import collections
import sys

import pytest

import fitprint

TWIN = "[fitprint.flavors]\ntoy = other_toy:Flavor\n"


@pytest.fixture
def row(document, toy):
    """The toy's row."""

    def found():
        return next(row for row in document("flavors")["flavors"] if row["name"] == "toy")

    return found


def test_an_available_flavor(row, invoke):
    assert row() == {
        "name": "toy",
        "state": "available",
        "version": "1.2.3",
        "range": "toylearn <2,>=1",
        "plugin": "fitprint-toy 0.1",
        "modules": ["toylearn"],
        "reason": "",
        "runs": 0,
        "skips": {},
    }
    lines = [line.split() for line in invoke("flavors").stdout.splitlines()]
    assert ["toy", "1.2.3", "available", "toylearn", "<2,>=1", "toylearn"] in lines, "turned on by toylearn"
    assert "toylearn" not in sys.modules
    assert "fitprint_toy" not in sys.modules


def test_an_unsupported_version(row, toy, invoke):
    toy.plugin(">=2")
    assert row()["state"] == "unsupported"
    assert "toylearn 1.2.3 is installed, but >=2 is supported" in invoke("flavors").stdout


def test_a_framework_that_is_not_installed(row, toy):
    toy.distribution("fitprint-toy", "0.1", "[fitprint.flavors]\nnosuchframework = fitprint_toy:ToyFlavor\n")
    toy.distribution(
        "other", "1", "[fitprint.flavors]\ntoy = other:Flavor\n[fitprint.imports]\nnosuch = other:Flavor\n"
    )
    assert row()["state"] == "not installed"


def test_a_framework_of_no_distribution(row, toy):
    toy.distribution("other", "1", "[fitprint.flavors]\ntoy = o:F\n[fitprint.imports]\nthismodule = o:F\n")
    toy.distribution("fitprint-toy", "0.1")
    (toy.site / "thismodule.py").write_text("raise SystemExit('imported')")
    assert row()["state"] == "available"
    assert row()["version"] is None


def test_two_plugins_of_one_name(row, toy, invoke):
    toy.distribution("other-toy", "1", TWIN)
    assert row()["state"] == "broken"
    assert "both register this flavor" in invoke("flavors").stdout


def test_a_range_that_is_none(row, toy):
    toy.plugin(" ?? 1")
    assert row()["state"] == "broken"
    assert "its supported range cannot be read" in row()["reason"]


def test_a_framework_whose_plugin_is_missing(document, invoke, monkeypatch):
    command = 'pip install "fitprint[frame]"'
    monkeypatch.setattr("fitprint.cli.flavors.missing_plugins", lambda entries: {"frame": command})
    monkeypatch.setattr("fitprint.cli.flavors.discover", dict)
    assert document("flavors")["flavors"] == [
        {
            "name": "frame",
            "state": "no plugin",
            "version": None,
            "range": None,
            "plugin": None,
            "modules": [],
            "reason": f"install it with: {command}",
            "runs": 0,
            "skips": {},
        }
    ]
    assert command in invoke("flavors").stdout


def test_only_an_extra_that_requires_its_plugin_is_taken_for_a_flavor(toy, run_python):
    """`polars` is installed and an extra of fitprint's, but no `fitprint-polars` exists: nothing of it is missing."""
    requires = [
        "fitprint-frame~=0.1; extra == 'frame'",
        "fitprint-frame~=0.1; extra == 'all'",
        "pytest>=8; extra == 'testing'",
        "polars; extra == 'polars'",
    ]
    toy.distribution("fitprint", "0.1.0", requires=requires)
    for name in ("frame", "all", "testing", "polars"):
        (toy.site / f"{name}.py").touch()
    done = run_python("from fitprint._instrumentation.entries import missing_plugins; print(missing_plugins({}))")
    assert done.stdout == """{'frame': 'pip install "fitprint[frame]"'}\n"""


def test_a_folder_that_is_named_as_a_framework_is_none(run_python, tmp_path):
    (tmp_path / "prophet").mkdir()
    (tmp_path / "prophet" / "notes.txt").write_text("forecasts")
    done = run_python("from fitprint._instrumentation.entries import missing_plugins; print(missing_plugins({}))")
    assert "prophet" not in done.stdout


def test_no_flavor_at_all(document, invoke, monkeypatch):
    monkeypatch.setattr("fitprint.cli.flavors.missing_plugins", lambda entries: {})
    monkeypatch.setattr("fitprint.cli.flavors.discover", dict)
    assert document("flavors") == {"flavors": []}
    assert "no flavor is installed" in invoke("flavors").stdout


def test_a_process_of_its_own_imports_no_framework(toy, run_python):
    done = run_python(
        """
        import sys
        from fitprint.cli import main
        sys.argv[1:] = ["flavors"]
        try:
            main()
        except SystemExit as end:
            assert end.code == 0, end.code
        heavy = {"numpy", "sklearn", "xgboost", "toylearn", "fitprint_toy", "fitprint_sklearn", "fitprint_xgboost"}
        assert not heavy & {*sys.modules}, heavy & {*sys.modules}
        """
    )
    assert "toy" in done.stdout
    assert "available" in done.stdout


TWO_MODULES = """[fitprint.flavors]
toylearn = fitprint_toy:ToyFlavor
[fitprint.imports]
oldlearn = fitprint_toy:ToyFlavor
"""
FROM_A_MIXIN = """

import collections


class FromAMixin(collections.UserList, Base):
    pass


collections.UserList.fit = lambda self, rows, labels=None: self
"""


def test_the_modules_that_turn_it_on(document, toy, invoke):
    toy.plugin(entry_points=TWO_MODULES)
    (row,) = [row for row in document("flavors")["flavors"] if row["name"] == "toylearn"]
    assert row["modules"] == ["oldlearn", "toylearn"]
    assert "oldlearn, toylearn" in invoke("flavors").stdout


def test_a_flavor_that_is_named_is_turned_on(document, toy, invoke):
    (row,) = document("flavors", "toy")["flavors"]
    assert (row["name"], row["state"], row["version"], row["reason"]) == ("toy", "on", "1.2.3", "")
    assert "toylearn.late" in sys.modules, "every module that it patches"
    assert fitprint.status()[0].state == "off"
    assert "no flavor is called 'toi'; registered: " in invoke("flavors", "toi", status=1).output


def test_classes_that_are_out_of_reach(document, toy):
    base = toy.site / "toylearn" / "base.py"
    base.write_text(base.read_text() + FROM_A_MIXIN)
    try:
        (row,) = document("flavors", "toy")["flavors"]
        assert row["state"] == "on"
        assert row["reason"] == (
            "FromAMixin inherits fit from collections.UserList, which is not below Base and not part of toylearn"
        )
    finally:
        del collections.UserList.fit


def test_a_framework_or_a_plugin_that_cannot_be_imported(document, toy):
    (toy.site / "fitprint_toy.py").write_text("raise OSError('no plugin')")
    (row,) = document("flavors", "toy")["flavors"]
    assert (row["state"], row["reason"]) == ("broken", "OSError: no plugin")
    (toy.site / "toylearn" / "__init__.py").write_text("raise OSError('no framework')")
    del sys.modules["toylearn"]
    (row,) = document("flavors", "toy")["flavors"]
    assert (row["state"], row["reason"]) == ("waiting", "toylearn cannot be imported: OSError: no framework")
