"""The names that `import fitprint` offers: their types are declared, they say where they come from, and help tells."""

from __future__ import annotations

import ast
import inspect
import pickle
import pydoc
import re
from pathlib import Path

import pytest

import fitprint
from fitprint._settings.table import TABLE, value_text

STUB = Path(fitprint.__file__).with_suffix(".pyi")


def classes_of(module):
    public = {name: getattr(module, name) for name in module.__all__}
    return {name: value for name, value in public.items() if isinstance(value, type)}


def test_the_stub_declares_every_public_name():
    declared = {
        alias.asname
        for statement in ast.parse(STUB.read_text("utf-8")).body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
        if alias.asname
    }
    assert declared == {*fitprint.__all__}
    for name in declared:
        assert getattr(fitprint, name) is not None


def test_the_stub_takes_each_name_from_the_module_that_has_it():
    for statement in ast.parse(STUB.read_text("utf-8")).body:
        if isinstance(statement, ast.ImportFrom) and statement.module.startswith("fitprint."):
            module = __import__(statement.module, fromlist=["_"])
            for alias in statement.names:
                assert getattr(module, alias.name) is getattr(fitprint, alias.name, getattr(module, alias.name))


@pytest.mark.parametrize("module", [fitprint, fitprint.models, fitprint.pyfunc], ids=lambda module: module.__name__)
def test_public_classes_say_where_they_come_from_and_are_pickled_by_that_name(module):
    public = {fitprint.__name__, "fitprint.plugin", module.__name__}
    for name, cls in classes_of(module).items():
        home = "fitprint.plugin" if cls.__module__.startswith("fitprint.plugin.") else cls.__module__
        assert home in public, f"{name} says {cls.__module__}"
        assert pickle.loads(pickle.dumps(cls)) is cls


def test_what_is_pickled_is_found_in_a_process_that_has_imported_nothing(run_python, tmp_path):
    file = tmp_path / "pickled"
    file.write_bytes(pickle.dumps([fitprint.infer_signature([1.5]), fitprint.models.DataType.long, fitprint.ModelInfo]))
    done = run_python(f"import pickle; print(pickle.load(open({str(file)!r}, 'rb')))")
    assert done.stdout.startswith("[ModelSignature(")
    assert "<class 'fitprint.ModelInfo'>" in done.stdout


@pytest.mark.parametrize("call", ["autolog", "toy.autolog"])
def test_the_signature_of_autolog_names_each_setting_with_its_default(toy, call):
    function = fitprint.autolog if call == "autolog" else fitprint.toy.autolog
    parameters = inspect.signature(function).parameters
    for name, setting in TABLE.items():
        if name != "flavors":
            assert parameters[name].default == setting.default
    assert ("flavors" in parameters) == (call == "autolog")


def test_help_of_autolog_tells_each_setting_with_its_meaning_and_its_default():
    shown = " ".join(pydoc.plain(pydoc.render_doc(fitprint.autolog)).split())
    for name, setting in TABLE.items():
        if name != "flavors":
            assert f"{name}: {setting.metadata['help']} Default: {value_text(setting.default, setting)}." in shown


def test_help_of_a_flavor_tells_its_calls(toy):
    shown = pydoc.plain(pydoc.render_doc(fitprint.toy))
    for call in ("autolog", "log_model", "save_model", "load_model"):
        assert re.search(rf" {call}\([\s|]*self", shown)  # since Python 3.13, a long signature has a line for each part
    assert "pip_requirements" in pydoc.plain(pydoc.render_doc(fitprint.log_model))
