"""The versions that a package was made with: a table where its load fails, one line where it works."""

from __future__ import annotations

import pytest

import fitprint
from fitprint.models import PackageError


@pytest.fixture
def package(tmp_path):
    """A package that says it was made with an older numpy; its loader is what the test gives."""

    def make(loader):
        folder = tmp_path / "made"
        (folder / "code").mkdir(parents=True)
        (folder / "code" / "loads_versions.py").write_text(loader)
        (folder / "MLmodel").write_text(
            "flavors: {python_function: {loader_module: loads_versions, code: code, python_version: 3.9.1}}\n"
        )
        (folder / "requirements.txt").write_text("numpy==1.0.0\npackage-that-is-nowhere==3\n")
        return folder

    return make


WORKS = "class M:\n    predict = staticmethod(abs)\ndef _load_pyfunc(path): return M()\n"


def test_a_package_that_cannot_be_loaded_tells_all_versions_and_how_to_rebuild_them(package):
    with pytest.raises(PackageError) as failed:
        fitprint.load_model(package("import package_that_is_nowhere\n"))
    first, *lines = str(failed.value).splitlines()
    assert first.endswith("cannot be imported: No module named 'package_that_is_nowhere'")
    assert any(line.split()[:2] == ["numpy", "1.0.0"] for line in lines)
    assert any(line.split()[:2] == ["package-that-is-nowhere", "3"] and "missing" in line for line in lines)
    assert any("pip install" in line for line in lines)
    assert isinstance(failed.value.__cause__, ModuleNotFoundError)


def test_an_error_of_the_users_own_code_is_raised_as_it_is_and_the_versions_are_told(package, caplog):
    with pytest.raises(ZeroDivisionError) as failed:
        fitprint.load_model(package("def _load_pyfunc(path): return 1 / 0\n"))
    assert failed.value.__cause__ is None
    assert "could not be loaded" in caplog.text
    assert "1.0.0" in caplog.text


def test_what_a_package_says_wrongly_has_nothing_to_do_with_versions(package):
    with pytest.raises(PackageError, match=r"has no function _load_pyfunc$"):
        fitprint.load_model(package("x = 1\n"))


def test_a_package_that_loads_all_the_same_tells_of_other_versions_once(package, caplog):
    folder = package(WORKS)
    for _ in range(3):
        assert fitprint.load_model(folder).predict(-2) == 2
    (line,) = caplog.messages
    assert line.startswith(f"{folder}: made with Python 3.9.1 (here ")
    assert "numpy 1.0.0 (here " in line


def test_a_package_made_here_tells_nothing(saved, caplog):
    fitprint.load_model(saved(lambda data: data))
    assert caplog.messages == []
