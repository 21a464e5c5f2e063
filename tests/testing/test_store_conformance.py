"""The folder store on the conformance kit, whole and broken in one way."""

from __future__ import annotations

import pytest

from fitprint.stores import open_store
from fitprint.stores.folder import FolderStore
from fitprint.testing import StoreConformance


class TestFolderStore(StoreConformance):
    location = "{folder}"


def test_a_broken_store_is_told_where_to_look(tmp_path, monkeypatch):
    monkeypatch.setattr(FolderStore, "run_ids", lambda self: iter(["0" * 32]))
    with pytest.raises(AssertionError) as raised:
        StoreConformance().test_a_new_store_is_empty(open_store(str(tmp_path)))
    (note,) = raised.value.__notes__
    assert note == (
        "What has to hold: A new store has no runs. Look at Store.run_ids: the docstrings in "
        "fitprint.stores say what each has to do."
    )
