"""From what a user typed to a store, a run or the folder of a package."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from fitprint._core.paths import absolute
from fitprint._core.privacy import in_force
from fitprint._runs.read import configured_store, get_run, read_run
from fitprint._runs.run import Run
from fitprint.cli.texts import clean
from fitprint.models.errors import PackageError
from fitprint.models.mlmodel import NAME
from fitprint.models.package import member
from fitprint.stores import Store, StoreError, open_store
from fitprint.stores.folder import OPEN, RECORD

LATEST = ("last", "latest")
_ID = re.compile(r"[0-9a-f]{1,32}")


def opened_store(given: str | None) -> Store:
    """The store named, else the configured one. Raises StoreError, with the mend, for a folder that is not there."""
    store = open_store(absolute(given, os.getcwd())) if given is not None else configured_store()
    if "://" not in store.location and not os.path.isdir(store.location):
        what = "is no folder" if os.path.lexists(store.location) else "does not exist"
        raise StoreError(
            f"the store {store.location} {what}; name the folder that holds your runs with --store or FITPRINT_STORE"
        )
    return store


class Reading:
    """Reads runs of a store one by one, telling of each record that is broken."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.broken = 0

    def runs(self, run_ids: Iterable[str]) -> Iterator[Run]:
        """The runs with these ids; without those that have gone since, or that have no record yet."""
        for run_id in run_ids:
            try:
                run = read_run(self.store.location, run_id)
            except StoreError as error:
                if self._has_record(run_id):
                    self.broken += 1
                    click.echo(f"fitprint: {clean(error)}; passed over", err=True)
                continue
            run.record.run_id = run_id  # what its folder is called is how it is found
            yield _shown(run)

    def children(self, run: Run) -> list[Run]:
        """The runs that have this one as their parent, oldest first: ids sort by time, older ones are not read."""
        newer = (each for each in self.store.run_ids() if each > run.run_id)
        return [each for each in self.runs(newer) if each.parent_id == run.run_id][::-1]

    def _has_record(self, run_id: str) -> bool:
        try:
            return os.path.lexists(self.store.folder(run_id) / RECORD)
        except StoreError:
            return False


def found_run(text: str, store: str | None) -> tuple[Run, Store]:
    """A run by its id, the beginning of one, ``last`` (or ``latest``), or the path of its folder."""
    if text in LATEST:
        opened = opened_store(store)
        return _last(opened), opened
    if _is_run_folder(text) or os.sep in text:
        run, opened = _run_of_folder(Path(text))
    else:
        opened = opened_store(store)
        run = get_run(text, opened.location)
    return _shown(run), opened


def found_package(text: str, store: str | None) -> Path:
    """The folder of a package: a path, `runs:/<run>/<name>`, or the model of a run named as `found_run` takes it."""
    if text.startswith("runs:/"):
        run_text, _, name = text.removeprefix("runs:/").strip("/").partition("/")
        run, _ = found_run(run_text, store)
        return member(run.path, name or "model")
    if text.startswith("file:"):
        text = absolute(text, "")
    path = Path(text)
    if path.name == NAME and path.is_file():
        return path.parent
    if path.is_dir() and not _is_run_folder(text):
        return path
    if not path.is_dir() and not _ID.fullmatch(text) and text not in LATEST:
        raise PackageError(f"there is no folder {text}, and it is no id of a run either")
    return _model_of(found_run(text, store)[0])


def _shown(run: Run) -> Run:
    """A run as it is printed: one that was recorded without them has its secrets hidden too."""
    redactor, record = in_force(), run.record
    record.params = {redactor.text(name): redactor.value(name, value) for name, value in record.params.items()}
    record.hide(redactor.text)
    return run


def _last(store: Store) -> Run:
    """The newest run; of nested ones, as of a search, the outermost."""
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


def _is_run_folder(text: str) -> bool:
    return os.path.isfile(os.path.join(text, RECORD))


def _run_of_folder(path: Path) -> tuple[Run, Store]:
    if not _is_run_folder(str(path)):
        raise StoreError(f"{path} is no folder of a run: it has no {RECORD}")
    folder = path.resolve()
    if not re.fullmatch(r"[0-9a-f]{32}", folder.name):
        raise StoreError(f"{path} has been renamed: the folder of a run is called by its id, 32 hex digits")
    place = folder.parent.parent if folder.parent.name == OPEN else folder.parent
    store = open_store(str(place))
    return read_run(store.location, folder.name), store


def _model_of(run: Run) -> Path:
    found = run.model_path
    if found is not None:
        return found
    reasons = [f": {skip.reason}" for skip in run.skipped if skip.what == "model"]
    raise PackageError(f"run {run.run_id} has no model{reasons[0] if reasons else ''}")
