"""`fitprint.plugin`, which is all of fitprint that a plugin imports: it is complete, typed, and light to import."""

import ast
import importlib
import pickle
import types
from pathlib import Path

import pytest

from fitprint import plugin
from fitprint.plugin import Flavor, Patch, Role, TrainingCall, UnknownColumns


def test_the_stub_declares_every_name_where_it_comes_from():
    declared = {}
    for node in ast.parse(Path(plugin.__file__).with_suffix(".pyi").read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            declared |= {alias.name: node.module for alias in node.names}
        elif isinstance(node, ast.Assign):
            assert sorted(ast.literal_eval(node.value)) == list(plugin.__all__)
    assert sorted(declared) == list(plugin.__all__) == dir(plugin)
    for name, module in declared.items():
        value = getattr(plugin, name)
        if isinstance(value, types.ModuleType):
            assert value is importlib.import_module(f"{module}.{name}")
        else:
            assert value is getattr(importlib.import_module(module), name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"'fitprint\.plugin' has no attribute 'Flavour'"):
        plugin.Flavour  # noqa: B018


def test_classes_say_that_they_come_from_the_public_module_and_pickle():
    for name in plugin.__all__:
        value = getattr(plugin, name)
        if isinstance(value, type) and value.__module__.startswith("fitprint.plugin"):
            assert value.__module__ == "fitprint.plugin", name
    patch = Patch("module", "function", role=Role.STEP)
    assert pickle.loads(pickle.dumps(patch)) == patch
    assert b"contract" not in pickle.dumps(patch)
    assert pickle.loads(pickle.dumps(UnknownColumns([1]))).rows == [1]


def test_importing_it_loads_nothing_heavy(run_python):
    run_python(
        "import sys, fitprint.plugin\n"
        "assert not {'numpy', 'pandas', 'fitprint.plugin.contract'} & {*sys.modules}\n"
        "from fitprint.plugin import Flavor\n"
        "assert not {'numpy', 'pandas'} & {*sys.modules}\n"
    )


def test_it_can_be_reached_without_being_imported(run_python):
    run_python("import fitprint; assert fitprint.plugin.Flavor.__name__ == 'Flavor'")


class _Flavor(Flavor):
    name = "toy"

    def patches(self):
        return []

    def save(self, model, package, context):
        return {}

    def load(self, folder, config):
        return None


def test_a_guarded_step_keeps_errors_from_the_training_and_holds_nothing_of_the_call(caplog):
    call = TrainingCall(_Flavor(), len, None, ([],), {})
    guard = call.guard("counting epochs")
    for _ in range(2):
        with guard:
            raise ValueError("no epoch")
    assert [line for line in caplog.messages if "toy: counting epochs" in line and "no epoch" in line]
    assert call not in [getattr(guard, name, None) for name in guard.__slots__]
    assert b"no epoch" in pickle.dumps(guard), "frameworks pickle their callbacks"
    with pytest.raises(KeyboardInterrupt), guard:
        raise KeyboardInterrupt
