"""What `trust` lets through of packages that are code: a python model, a loader module, a script."""

from __future__ import annotations

import hashlib
import sys

import pytest

import fitprint
from fitprint.models import PackageError
from fitprint.models.package import CHECKSUMS


@pytest.fixture
def package(saved):
    return saved(abs)


def test_what_is_verified_is_loaded(package):
    digest = hashlib.sha256((package / CHECKSUMS).read_bytes()).hexdigest()
    assert fitprint.load_model(package, trust="verified").predict(-1) == 1
    assert fitprint.load_model(package, digest=digest).predict(-1) == 1
    with pytest.raises(PackageError):
        fitprint.load_model(package, digest="0" * 64)


def test_what_was_changed_is_not_even_opened(package):
    (package / "python_model.pkl").write_bytes(b"no pickle at all")
    with pytest.raises(PackageError, match="does not verify"):
        fitprint.load_model(package, trust="verified")


def test_the_setting_holds_where_nothing_is_said(package, monkeypatch):
    monkeypatch.setenv("FITPRINT_TRUST", "no-pickle")
    with pytest.raises(PackageError, match="not loaded with trust=no-pickle: a python model is a pickle"):
        fitprint.load_model(package)
    assert fitprint.load_model(package, trust="all").predict(-1) == 1


def test_packages_of_mlflows_have_no_checksums(fixture_model):
    with pytest.raises(PackageError, match="packages that MLflow wrote have none"):
        fitprint.load_model(fixture_model("pyfunc_function"), trust="verified")


@pytest.mark.parametrize("name", ["pyfunc_function", "pyfunc_models_from_code", "pyfunc_loader_module"])
def test_no_code_of_a_package_is_run_without_pickles(fixture_model, name):
    before = (list(sys.path), set(sys.modules))
    with pytest.raises(PackageError, match="not loaded with trust=no-pickle"):
        fitprint.load_model(fixture_model(name), trust="no-pickle")
    assert sys.path == before[0]
    assert not {name for name in set(sys.modules) - before[1] if "toyloader" in name or "code_model" in name}


def test_an_unknown_level_is_refused(package):
    with pytest.raises(ValueError, match="trust='some' is not known"):
        fitprint.load_model(package, trust="some")
