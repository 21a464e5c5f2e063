"""The folder store on the conformance kit."""

from __future__ import annotations

from fitprint.testing import StoreConformance


class TestFolderStore(StoreConformance):
    location = "{folder}"
