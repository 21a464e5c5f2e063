"""Find what a user names: a store, a run, or the folder of a package."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from fitprint._core.paths import absolute
from fitprint._core.privacy import in_force
from fitprint._packages.resolve import folder_of, in_run, model_of, package_folder
from fitprint._runs.read import configured_store, get_run, read_run, run_of_folder
from fitprint._runs.run import Run, record_of, store_of
from fitprint.cli.texts import clean
from fitprint.models.errors import PackageError
from fitprint.models.mlmodel import NAME
from fitprint.stores import Store, StoreError, open_store
from fitprint.stores.layout import RECORD
from fitprint.stores.run_folder import is_run_folder

LATEST = ("last", "latest")
_ID = re.compile(r"[0-9a-f]{1,32}")


def opened_store(location: str | None) -> Store:
    """Open the store at a location, or the configured one if none is given.

    Raises:
        StoreError: The store is a folder that does not exist; the message says how to name another.
    """
    store = open_store(absolute(location, os.getcwd())) if location is not None else configured_store()
    if "://" not in store.location and not os.path.isdir(store.location):
        what = "is not a folder" if os.path.lexists(store.location) else "does not exist"
        raise StoreError(
            f"the store {store.location} {what}; name the folder that holds your runs with --store or FITPRINT_STORE"
        )
    return store


class Reading:
    """Reads the runs of a store one by one.

    Args:
        store: The store.
        reports: Whether each record that cannot be read is reported on standard error.
    """

    def __init__(self, store: Store, reports: bool = True) -> None:
        self.store = store
        self.faults: list[tuple[str, str]] = []
        """The ids of the runs whose records cannot be read, and the reasons."""
        self._reports = reports

    def runs(self, run_ids: Iterable[str]) -> Iterator[Run]:
        """Yield the runs with these ids, without those that have gone since or have no record yet."""
        for run_id in run_ids:
            try:
                run = read_run(self.store.location, run_id)
            except StoreError as error:
                if self._has_record(run_id):
                    self.faults.append((run_id, clean(error)))
                    if self._reports:
                        click.echo(f"fitprint: {clean(error)}; passed over", err=True)
                continue
            record_of(run).run_id = run_id  # a run is found by the name of its folder
            yield _redacted(run)

    def children(self, run: Run) -> list[Run]:
        """Return the children of a run, oldest first. Ids sort by time, so older runs are not read."""
        newer = (run_id for run_id in self.store.run_ids() if run_id > run.run_id)
        return [child for child in self.runs(newer) if child.parent_id == run.run_id][::-1]

    def _has_record(self, run_id: str) -> bool:
        try:
            return os.path.lexists(self.store.folder(run_id) / RECORD)
        except StoreError:
            return False


def found_run(text: str, store: str | None) -> tuple[Run, Store]:
    """Find a run, and its store.

    Args:
        text: The id of the run or the beginning of it, ``last`` (or ``latest``), or the path of its folder.
        store: The location of the store, or None for the configured one.
    """
    if text in LATEST:
        opened = opened_store(store)
        return _last(opened), opened
    if is_run_folder(text) or os.sep in text:
        run = run_of_folder(text)
        opened = store_of(run)
    else:
        opened = opened_store(store)
        run = get_run(text, opened.location)
    return _redacted(run), opened


def found_package(text: str, store: str | None) -> Path:
    """Find the folder of a package.

    Args:
        text: A path, a URI as `found_path` takes it, or a run as `found_run` takes it, whose model is meant.
        store: The location of the store, or None for the configured one.

    Raises:
        PackageError: There is no such folder, or the run has no model.
    """
    path = found_path(text, store)
    if path.name == NAME and path.is_file():
        return path.parent
    if path.is_dir() and not is_run_folder(path):
        return package_folder(path)
    text = os.fspath(path)
    if not path.is_dir() and not _ID.fullmatch(text) and text not in LATEST:
        raise PackageError(f"there is no folder {text}, and it is not the id of a run either")
    return model_of(found_run(text, store)[0])


def found_path(text: str, store: str | None) -> Path:
    """Find a file or a folder.

    Args:
        text: A path, a ``file:`` URL, or ``runs:/<run>/<name>`` with a run as `found_run` takes it and the name of one
            of its packages or artifacts.
        store: The location of the store, or None for the configured one.

    Raises:
        PackageError: The URI has another scheme, or the run has nothing of that name.
    """
    if not text.startswith("runs:/"):
        return folder_of(text)
    run_text, _, name = text.removeprefix("runs:/").strip("/").partition("/")
    run, opened = found_run(run_text, store)
    return in_run(run.run_id, name or "model", opened)


def _redacted(run: Run) -> Run:
    """Return a run as it is printed: secrets are hidden also in a run that was recorded without hiding them."""
    redactor, record = in_force(), record_of(run)
    record.params = {redactor.text(name): redactor.value(name, value) for name, value in record.params.items()}
    record.redact(redactor.text)
    return run


def _last(store: Store) -> Run:
    """Return the newest run; of nested ones, as those of a search, the outermost."""
    reading = Reading(store)
    run = next(reading.runs(store.run_ids()), None)
    if run is None:
        raise StoreError(f"no runs in {store.location}")
    while run.parent_id and run.parent_id < run.run_id:
        parent = next(reading.runs([run.parent_id]), None)
        if parent is None:
            break
        run = parent
    return run
