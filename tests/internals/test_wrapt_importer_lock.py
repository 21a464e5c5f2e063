"""wrapt takes `wrapt.importer._post_import_hooks_lock`, found by that name, at every import that it is told of.

If this falls: a forked child that imports a framework waits for ever for a lock that a thread of its parent held.
"""

from __future__ import annotations

import importlib
import sys

import wrapt.importer


class Counting:
    def __init__(self, lock):
        self.lock, self.taken = lock, 0

    def __enter__(self):
        self.taken += 1
        return self.lock.__enter__()

    def __exit__(self, *error):
        return self.lock.__exit__(*error)


def test_the_lock_is_looked_up_by_its_name_at_every_import(tmp_path, monkeypatch):
    (tmp_path / "imported_under_a_counted_lock.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    counting = Counting(wrapt.importer._post_import_hooks_lock)
    monkeypatch.setattr(wrapt.importer, "_post_import_hooks_lock", counting)
    imported = []
    wrapt.register_post_import_hook(imported.append, "imported_under_a_counted_lock")
    before = counting.taken
    importlib.import_module("imported_under_a_counted_lock")
    del sys.modules["imported_under_a_counted_lock"]
    assert len(imported) == 1
    assert counting.taken > before
