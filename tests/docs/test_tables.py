"""The tables of flavors in the documents are those that the plugins' metadata give."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tables(tmp_path):
    """`docs/tables.py`, on a copy of what it reads and writes."""
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ROOT = tmp_path / "copy"
    for name in ("pyproject.toml", "README.md"):
        for file in [ROOT / "README.md", *ROOT.glob(f"plugins/*/{name}")]:
            target = module.ROOT / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return module


def test_the_tables_of_the_documents_are_current(tables, capsys):
    assert tables.main(["--check"]) == 0, f"{capsys.readouterr().out}: run `python docs/tables.py`"


def test_a_changed_range_is_written_everywhere_once(tables, capsys):
    pyproject = tables.ROOT / "plugins" / "xgboost" / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace(">=2.1,<4", ">=2.2,<5"))
    assert tables.main(["--check"]) == 1
    assert capsys.readouterr().out == "README.md: not current\n"
    assert tables.main([]) == 0
    text = (tables.ROOT / "README.md").read_text()
    assert "XGBoost 2.2 or later, below 5 (`xgboost` or `xgboost-cpu`)" in text
    assert "XGBoost 2.1" not in text
    assert tables.main(["--check"]) == 0


def test_every_plugin_has_its_row_and_what_has_none_is_to_come(tables):
    text = tables.of_all()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == len(list(ROOT.glob("plugins/*/src/*/_flavor.py")))
    shutil.rmtree(tables.ROOT / "plugins" / "xgboost")
    assert "To come: XGBoost, " in tables.of_all()


def test_a_plugin_that_says_nothing_of_itself_is_told(tables):
    pyproject = tables.ROOT / "plugins" / "xgboost" / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("mlflow_autologs", "unknown").replace("predict =", "gives ="))
    with pytest.raises(ValueError, match=r"\[tool.fitprint\] does not say mlflow_autologs, calls.predict"):
        tables.of_all()


def test_a_document_without_its_markers_is_told(tables):
    readme = tables.ROOT / "README.md"
    readme.write_text(readme.read_text().replace("<!-- flavors -->", ""))
    with pytest.raises(ValueError, match="has no lines <!-- flavors -->"):
        tables.main(["--check"])


def test_a_plugin_s_calls_are_in_its_own_readme(tables):
    for plugin in (path.parents[2] for path in ROOT.glob("plugins/*/src/*/_flavor.py")):
        assert tables.of_one(plugin) in (plugin / "README.md").read_text()


def test_a_limit_of_the_size_is_said_and_is_the_default_of_the_flavor(tables):
    plugin = tables.ROOT / "plugins" / "xgboost"
    assert "MAX_MODEL_SIZE" not in tables.of_one(plugin)
    text = (plugin / "pyproject.toml").read_text()
    (plugin / "pyproject.toml").write_text(text.replace("[tool.fitprint]", '[tool.fitprint]\nmax_model_size = "2GB"'))
    said = "models up to 2GB, unless the setting `max_model_size` or the variable `FITPRINT_XGBOOST_MAX_MODEL_SIZE`"
    assert said in tables.of_one(plugin)


def test_the_limits_that_are_said_are_the_defaults_of_the_flavors():
    from fitprint._instrumentation.entries import discover
    from fitprint.cli.flavors import AVAILABLE, flavor_row

    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    own = {about["name"]: about.get("max_model_size") for about in tables.flavors()}
    for name, entry in discover().items():
        if name in own and flavor_row(entry).state == AVAILABLE:
            assert entry.flavor().defaults.get("max_model_size") == own[name], name
