"""Packages that a module of the user's loads: written, read, and refused."""

from __future__ import annotations

import sys

import pytest
import yaml

import fitprint
from fitprint.models import PackageError

LOADER = """
class Model:
    def __init__(self, *given):
        self.given = given
    def predict(self, data, params=None):
        return [*self.given, data, params]
def _load_pyfunc(data_path, model_config="not given"):
    return Model(data_path, model_config)
"""


@pytest.fixture
def module(tmp_path):
    """Writes a module below the folder `own`, which is not on the path."""

    def write(name, text=LOADER):
        place = tmp_path / "own" / f"{name}.py"
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
        return place

    return write


def written(folder, **keys):
    """The folder of a hand-made package of a loader module."""
    folder.mkdir()
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": {"python_function": keys}}))
    return folder


def test_a_file_is_given_by_its_absolute_path(saved, module, tmp_path):
    (tmp_path / "coef.json").write_text("{}")
    folder = saved(loader_module="loads_a", data_path="coef.json", code_paths=[module("loads_a")])
    model = fitprint.load_model(folder)
    assert model.predict(1, params={"k": 2}) == [str(folder / "data" / "coef.json"), "not given", 1, {}]
    assert model.loader_module == "loads_a"


def test_a_folder_keeps_its_name(saved, module, tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "w.txt").write_text("1")
    folder = saved(loader_module="loads_b", data_path=tmp_path / "weights", code_path=str(module("loads_b")))
    assert (folder / "data" / "weights" / "w.txt").read_text() == "1"
    assert fitprint.load_model(folder).predict(None)[0] == str(folder / "data" / "weights")


def test_without_data_the_package_is_given_and_a_config_beside_it(saved, module):
    folder = saved(loader_module="loads_c", code_paths=[module("loads_c")], model_config={"a": 1})
    assert fitprint.load_model(folder, model_config={"a": 2}).predict(None)[:2] == [str(folder), {"a": 2}]


def test_a_module_of_the_users_that_is_only_importable_is_copied(saved, module, monkeypatch):
    monkeypatch.syspath_prepend(str(module("loads_d").parent))
    folder = saved(loader_module="loads_d")
    assert (folder / "code" / "loads_d.py").read_text() == LOADER
    del sys.modules["loads_d"]


def test_what_code_imports_is_required_and_the_users_own_modules_beside_it_are_copied(saved, module, monkeypatch):
    module("beside_it", "import yaml\n")
    text = LOADER + "    import beside_it\n    from click import echo\n"
    monkeypatch.syspath_prepend(str(module("loads_z", text).parent))
    folder = saved(loader_module="loads_z", code_paths=[module("loads_z", text)])
    assert sorted(file.name for file in (folder / "code").iterdir()) == ["beside_it.py", "loads_z.py"]
    lines = (folder / "requirements.txt").read_text().splitlines()
    assert [line.partition("==")[0] for line in lines] == ["mlflow>=2.8,<4", "PyYAML", "click"]
    assert "beside_it" not in sys.modules


def test_a_module_that_is_nowhere_is_refused_when_it_is_saved(saved):
    with pytest.raises(ValueError, match="loads_nothing is neither in code_paths nor importable"):
        saved(loader_module="loads_nothing")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import no_such_module_at_all", "cannot be imported: No module named 'no_such_module_at_all'"),
        ("x = 1", "has no function _load_pyfunc"),
        ("def _load_pyfunc(path): return 3", "what loads_bad loads, a int, has no method predict"),
    ],
)
def test_a_module_that_is_no_loader_is_refused_when_it_is_loaded(tmp_path, text, told):
    folder = written(tmp_path / "package", loader_module="loads_bad", code="code")
    (folder / "code").mkdir()
    (folder / "code" / "loads_bad.py").write_text(text)
    with pytest.raises(PackageError, match=told):
        fitprint.load_model(folder)


def test_an_error_of_the_loader_itself_is_the_users_to_see(tmp_path):
    folder = written(tmp_path / "package", loader_module="loads_wrong", code="code")
    (folder / "code").mkdir()
    (folder / "code" / "loads_wrong.py").write_text("def _load_pyfunc(path): return {}['weights']")
    with pytest.raises(KeyError, match="weights"):
        fitprint.load_model(folder)


@pytest.mark.parametrize("name", ["chat_model", "chat_agent", "responses_agent"])
def test_models_for_mlflows_chat_server_are_refused_on_one_line(tmp_path, name):
    folder = written(tmp_path / "package", loader_module=f"mlflow.pyfunc.loaders.{name}")
    with pytest.raises(PackageError, match=f"is a {name} of MLflow, made for its chat server") as refused:
        fitprint.load_model(folder)
    assert "\n" not in str(refused.value)


def test_the_code_of_a_package_is_read_from_its_source_alone(saved, module, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    folder = saved(loader_module="loads_e", code_paths=[module("loads_e", "import own_package_part\n" + LOADER)])
    (folder / "code" / "own_package_part").mkdir()
    (folder / "code" / "own_package_part" / "__init__.py").write_text("from own_package_part import inner")
    (folder / "code" / "own_package_part" / "inner.py").write_text("")
    fitprint.load_model(folder)
    assert "own_package_part.inner" in sys.modules
    assert list(folder.rglob("*.pyc")) == []
