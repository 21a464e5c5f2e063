"""docs/settings.md, and the sources that repeat the settings: they are what the declarations give."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from fitprint._settings.table import TABLE

MAKE = Path(__file__).parents[2] / "docs" / "make_settings.py"


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location("make_settings", MAKE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def page(make):
    return make.PAGE.read_text("utf-8")


def test_the_table_of_settings_is_current(make, page):
    current = make.with_part(page, "settings", make.settings_table())
    assert page == current, "python docs/make_settings.py brings it up to date"
    for name in TABLE:
        assert f"| `{name}` |" in page


def test_the_sources_that_repeat_the_settings_are_current(make):
    for file, text in make.sources().items():
        assert file.read_text("utf-8") == text, f"{file.name}: python docs/make_settings.py brings it up to date"


def test_each_flavor_s_own_are_current(make, page):
    for name, flavor in make.flavors():
        current = make.with_part(page, name, make.flavor_table(flavor))
        assert page == current, f"{name}: python docs/make_settings.py brings it up to date"


def test_a_flavor_is_on_the_page_whether_its_framework_is_installed_or_not(make, page):
    declaring = [folder.name for folder in make.PLUGINS.iterdir() if make.declarations(folder.name)]
    assert {"sklearn", "keras", "pytorch"} <= {*declaring}
    assert [name for name in declaring if f"<!-- {name} -->" not in page] == [], "run docs/make_settings.py"


def test_a_part_is_replaced_and_a_new_flavor_is_put_after_the_others(make):
    text = "a\n<!-- x -->\nold\n<!-- end of x -->\n<!-- more flavors -->\nb"
    assert make.with_part(text, "x", "new") == text.replace("old", "new")
    assert "<!-- y -->\nmore\n<!-- end of y -->\n\n<!-- more flavors -->\nb" in make.with_part(text, "y", "more")
