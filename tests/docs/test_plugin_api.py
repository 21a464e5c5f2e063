"""docs/plugin-api.md says what the docstrings of `fitprint.plugin` say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import fitprint.plugin
from fitprint.plugin import Flavor, Role

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def make_plugin_api(tmp_path):
    """`docs/make_plugin_api.py`, which writes into the test's folder."""
    spec = importlib.util.spec_from_file_location("make_plugin_api", DOCS / "make_plugin_api.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PAGE = tmp_path / "plugin-api.md"
    module.PAGE.write_text((DOCS / "plugin-api.md").read_text("utf-8"), "utf-8")
    return module


@pytest.mark.slow
def test_the_page_is_current(make_plugin_api):
    assert make_plugin_api.main(["--check"]) == 0, "run `python docs/make_plugin_api.py`"


@pytest.mark.slow
def test_a_changed_docstring_makes_it_stale_until_it_is_written(make_plugin_api, monkeypatch):
    monkeypatch.setattr(Flavor.size, "__doc__", "Estimate something else.")
    assert make_plugin_api.main(["--check"]) == 1
    assert make_plugin_api.main([]) == 0
    assert "Estimate something else." in make_plugin_api.PAGE.read_text("utf-8")
    assert make_plugin_api.main(["--check"]) == 0


def test_every_name_is_on_it_once(make_plugin_api):
    text = (DOCS / "plugin-api.md").read_text("utf-8")  # which is current, says the first test
    headings = [line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted([*fitprint.plugin.__all__, *make_plugin_api.TESTING])


def test_it_has_methods_attributes_and_sections():
    text = (DOCS / "plugin-api.md").read_text("utf-8")
    assert "\nload(folder: Path, config: Mapping[str, Any]) -> Any\n" in text
    assert "\nArgs:\n\n- `folder`: The folder of the package.\n- `config`: The flavor's entry in MLmodel.\n" in text
    for role in Role:
        assert f"- **`{role.name}`**: " in text
    assert " object at 0x" not in text
