"""From what a user names a package by to its folder."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlparse

from fitprint._runs.read import configured_store
from fitprint.models.errors import PackageError
from fitprint.models.package import member


def folder_of(uri: str | os.PathLike[str]) -> Path:
    """The folder of a package: a path, a ``file:`` URL, or ``runs:/<run_id>/<name>`` in the configured store.

    Raises PackageError for another scheme, StoreError for an unknown run.
    """
    text = os.fspath(uri)
    if text.startswith("runs:/"):
        run_id, _, name = text.removeprefix("runs:/").strip("/").partition("/")
        return member(configured_store().folder(run_id), name or "model")
    if text.startswith("file:"):
        text = unquote(urlparse(text).path)
    if "://" in text or text.startswith("models:/"):
        raise PackageError(f"{text}: only folders, file: URLs and runs:/<run_id>/<name> are loaded")
    return Path(text)
