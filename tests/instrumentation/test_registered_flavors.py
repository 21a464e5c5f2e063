"""What plugins register: the modules that turn a flavor on, and the extras that are named for a flavor."""

from __future__ import annotations

import sys

import pytest

import fitprint
from fitprint._instrumentation.entries import discover, flavor_extras, missing_plugins

REGISTERED = "[fitprint.flavors]\n{name} = fitprint_toy:ToyFlavor\n[fitprint.imports]\n"
OLD_NAME = "oldlearn = fitprint_toy:ToyFlavor\n"


def row(name):
    return next(row for row in fitprint.status() if row.name == name)


@pytest.fixture
def old_name(toy):
    """`oldlearn`, another module of the framework, as `pytorch_lightning` is one of `lightning`."""
    (toy.site / "oldlearn.py").write_text("import sys\n")
    yield
    sys.modules.pop("oldlearn", None)


@pytest.mark.parametrize("imported", ["toylearn", "oldlearn"])
def test_further_modules_add_to_that_of_the_flavors_own_name(toy, store, old_name, imported):
    toy.plugin(entry_points=REGISTERED.format(name="toylearn") + OLD_NAME)
    fitprint.autolog("toylearn")
    waiting = row("toylearn")
    assert (waiting.state, waiting.reason) == ("waiting", "for the import of oldlearn or toylearn")
    __import__(imported)
    assert row("toylearn").state == "on"


def test_a_name_that_is_no_module_is_not_waited_for(toy, store, old_name):
    toy.plugin(entry_points=REGISTERED.format(name="nosuchmodule") + OLD_NAME)
    assert discover()["nosuchmodule"].modules == ("oldlearn",)


def test_an_extra_that_is_no_flavor_is_no_missing_plugin(toy):
    """As an extra `polars` of fitprint would be, where polars is installed."""
    for name in ("polars", "toyframe"):
        (toy.site / f"{name}.py").write_text("")
    requires = ("polars; extra == 'polars'", "fitprint-toyframe; extra == 'toyframe'")
    toy.distribution("fitprint", "9.9", requires=requires)
    flavor_extras.cache_clear()
    try:
        assert flavor_extras() == ("toyframe",)
        assert missing_plugins({}) == {"toyframe": 'pip install "fitprint[toyframe]"'}
    finally:
        flavor_extras.cache_clear()
