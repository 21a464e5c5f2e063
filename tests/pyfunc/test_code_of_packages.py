"""Packages whose code has modules of one name: each predicts with its own, and the process keeps what it had."""

from __future__ import annotations

import sys
import sysconfig
import threading
from pathlib import Path

import pytest

import fitprint
from fitprint._packages import code_path


class Lazy(fitprint.pyfunc.PythonModel):
    """Imports its code while it predicts."""

    def predict(self, context, model_input, params=None):
        from features_of_two import VALUE
        from features_of_two.inner import DEEPER

        return [VALUE, DEEPER]


class Eager(fitprint.pyfunc.PythonModel):
    """Has imported its code before it predicts."""

    def load_context(self, context):
        import features_of_two

        self.module = features_of_two

    def predict(self, context, model_input, params=None):
        import features_of_two

        return [self.module.VALUE, self.module is features_of_two]


class Calling(fitprint.pyfunc.PythonModel):
    """Predicts with another package, before and after its own code."""

    def __init__(self, other):
        self.other = other

    def predict(self, context, model_input, params=None):
        import features_of_two

        first = features_of_two.VALUE
        other = fitprint.load_model(self.other).predict(model_input)
        import features_of_two as again

        return [first, *other, again is features_of_two]


def write_code(folder: Path, value: object) -> Path:
    code = folder / "features_of_two"
    code.mkdir(parents=True)
    (code / "__init__.py").write_text(f"VALUE = {value!r}\n")
    (code / "inner.py").write_text("from features_of_two import VALUE\nDEEPER = VALUE * 10\n")
    return code


@pytest.fixture(autouse=True)
def modules_as_before(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(code_path, "_installed", {})
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "features_of_two"]:
        del sys.modules[name]


@pytest.fixture
def saved(tmp_path):
    def save(model, value, name):
        code = write_code(tmp_path / f"code of {name}", value)
        fitprint.pyfunc.save_model(path=tmp_path / name, python_model=model, code_paths=[code])
        return tmp_path / name

    return save


def test_modules_imported_while_they_predict(saved):
    first, second = (fitprint.load_model(saved(Lazy(), value, f"p{value}")) for value in (1, 2))
    for _ in range(2):
        assert first.predict([0]) == [1, 10]
        assert second.predict([0]) == [2, 20]
    assert second.predict([0]) == [2, 20]


def test_modules_imported_while_they_are_loaded(saved):
    first, second = (fitprint.load_model(saved(Eager(), value, f"p{value}")) for value in (1, 2))
    for _ in range(2):
        assert second.predict([0]) == [2, True]
        assert first.predict([0]) == [1, True]


def test_the_process_keeps_its_own_module(saved, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(write_code(tmp_path / "mine", "mine").parent)
    import features_of_two

    loaded = fitprint.load_model(saved(Lazy(), 1, "p1"))
    paths = list(sys.path)
    assert loaded.predict([0]) == [1, 10]
    assert sys.modules["features_of_two"] is features_of_two
    assert features_of_two.VALUE == "mine"
    assert "features_of_two.inner" not in sys.modules
    assert sys.path == paths


def test_the_same_code_in_two_packages_is_imported_once(saved):
    first, second = (fitprint.load_model(saved(Eager(), 1, name)) for name in ("p1", "p2"))
    assert first.predict([0]) == second.predict([0]) == [1, True]
    assert first.unwrap().module is second.unwrap().module is sys.modules["features_of_two"]


def test_a_package_that_calls_another_one(saved):
    second = saved(Lazy(), 2, "p2")
    fitprint.load_model(second)
    calling = fitprint.load_model(saved(Calling(str(second)), 1, "p1"))
    for _ in range(2):
        assert calling.predict([0]) == [1, 2, 20, True]


def test_an_error_while_one_predicts_leaves_all_as_it_was(saved, tmp_path):
    first, second = (fitprint.load_model(saved(Lazy(), value, f"p{value}")) for value in (1, "text"))
    (tmp_path / "code of p1").rename(tmp_path / "moved")
    (tmp_path / "ptext" / "code" / "features_of_two" / "inner.py").write_text("raise KeyError('mine')")
    paths, modules = list(sys.path), dict(sys.modules)
    with pytest.raises(KeyError, match="mine"):
        second.predict([0])
    assert sys.path == paths
    assert {name: module for name, module in sys.modules.items() if name.startswith("features")} == {
        name: module for name, module in modules.items() if name.startswith("features")
    }
    assert first.predict([0]) == [1, 10]


@pytest.mark.series
def test_threads_take_turns(saved):
    models = {value: fitprint.load_model(saved(Lazy(), value, f"p{value}")) for value in (1, 2)}
    wrong = []

    def predict(value):
        for _ in range(200):
            predicted = models[value].predict([0])
            if predicted != [value, value * 10]:
                wrong.append((value, predicted))

    threads = [threading.Thread(target=predict, args=(value,)) for value in (1, 2, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_module_of_the_environment_keeps_its_name_and_that_is_told(saved, tmp_path, monkeypatch, caplog):
    installed = write_code(tmp_path / "site-packages", "installed")
    paths = {**sysconfig.get_paths(), "purelib": str(installed.parent)}
    monkeypatch.setattr(sysconfig, "get_paths", lambda: paths)
    monkeypatch.syspath_prepend(installed.parent)
    import features_of_two

    assert fitprint.load_model(saved(Lazy(), 1, "p1")).predict([0]) == ["installed", "installed" * 10]
    assert features_of_two.VALUE == "installed"
    assert "its module features_of_two is not loaded, because another module of that name is imported" in caplog.text


def test_code_paths_of_one_name_are_refused(tmp_path):
    paths = [write_code(tmp_path / name, 1) for name in ("a", "b")]
    with pytest.raises(ValueError, match=r"code_paths has two with the name 'features_of_two', .*: rename one of them"):
        fitprint.pyfunc.save_model(path=tmp_path / "p", python_model=Lazy(), code_paths=paths)
    assert not (tmp_path / "p").exists()
