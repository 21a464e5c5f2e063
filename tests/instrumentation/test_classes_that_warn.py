"""Looking at a framework's classes and modules asks them nothing: none of them warns, no module is loaded."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from types import ModuleType

import pytest

import fitprint
from fitprint._instrumentation.targets import own_attributes, rebind

DEPRECATED = """

import warnings


class Deprecated:
    \"\"\"Warns whatever it is asked, as `torch.distributed.reduce_op` does.\"\"\"

    def __getattribute__(self, name):
        warnings.warn(f"reduce_op is deprecated: {name}", FutureWarning, stacklevel=2)
        return object.__getattribute__(self, name)

    @property
    def __class__(self):
        warnings.warn("reduce_op is deprecated: __class__", FutureWarning, stacklevel=2)
        return type


class WarnsOfItsClasses(type):
    def __getattribute__(cls, name):
        if not object.__getattribute__(sys.modules["toylearn"], "__dict__").get("quiet"):
            warnings.warn(f"this class is deprecated: {name}", FutureWarning, stacklevel=2)
        return type.__getattribute__(cls, name)


import sys

import toylearn
from toylearn.base import Base

toylearn.quiet = True
reduce_op = Deprecated()


class Alone(metaclass=WarnsOfItsClasses):
    pass


class Below(Base, metaclass=WarnsOfItsClasses):
    def fit(self, rows, labels=None):
        self.mean_ = 0.0
        return self


toylearn.quiet = False
"""


@pytest.mark.usefixtures("store")
def test_a_deprecated_proxy_and_a_deprecated_class(toy):
    (toy.site / "toylearn" / "deprecated.py").write_text(DEPRECATED)
    toylearn = toy.imported()
    import toylearn.deprecated as deprecated

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitprint.autolog("toy")
        (row,) = [row for row in fitprint.status() if row.name == "toy"]
        assert (row.state, row.reason) == ("on", "")
        fitprint.disable()
        fitprint.autolog("toy")
    toylearn.quiet = True
    deprecated.Below().fit([1], [2])
    assert [run.name for run in fitprint.runs()] == ["Below"]
    with pytest.warns(FutureWarning, match="__class__"):  # the proxy is one that warns
        isinstance(deprecated.reduce_op, type)


def test_a_module_that_loads_itself_when_it_is_asked_is_not_asked(tmp_path):
    (tmp_path / "lazy_one.py").write_text("raise AssertionError('the lazy module was loaded')")
    spec = importlib.util.spec_from_file_location("lazy_one", tmp_path / "lazy_one.py")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    lazy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lazy)
    assert rebind({}, 1, [lazy]) == []
    assert "__name__" in own_attributes(lazy)


def test_what_only_says_that_it_is_a_module(monkeypatch):
    class Proxy:
        @property
        def __class__(self):
            raise AssertionError("it was asked for its class")

    from fitprint._instrumentation.targets import loaded_modules

    monkeypatch.setitem(sys.modules, "only_a_proxy", Proxy())
    assert loaded_modules("only_a_proxy") == []
    monkeypatch.setitem(sys.modules, "only_a_proxy", ModuleType("only_a_proxy"))
    assert len(loaded_modules("only_a_proxy")) == 1
