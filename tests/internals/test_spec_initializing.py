"""While a module is being imported, its `__spec__._initializing` is true, and not afterwards.

If this falls: a class is patched before its module has defined it wholly, and the import of the framework may fail.
"""

from __future__ import annotations

import importlib
import sys


def test_the_spec_says_that_the_import_is_under_way(tmp_path, monkeypatch):
    (tmp_path / "looks_at_its_own_spec.py").write_text("during = __spec__._initializing")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("looks_at_its_own_spec")
    del sys.modules["looks_at_its_own_spec"]
    assert module.during is True
    assert not getattr(module.__spec__, "_initializing", False)
