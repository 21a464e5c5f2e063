"""Checks: under `trust="no-pickle"` no code of a package's author runs."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import fitprint
from fitprint._core.guard import attempt
from fitprint.models import PackageError, mlmodel
from fitprint.models.package import CHECKSUMS
from fitprint.models.streams.files import imports_of
from fitprint.testing.bench import Bench
from fitprint.testing.case import Case
from fitprint.testing.declared import needs


class Canary:
    """Unpickling one makes a folder."""

    def __init__(self, song: Path) -> None:
        self.song = str(song)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.song,)


class TrustChecks:
    """What a flavor says of its format holds."""

    @needs("package")
    def test_no_pickle_is_loaded_under_no_pickle(self, bench: Bench, case: Case) -> None:
        """A format that may hold pickles is refused; one that holds data alone loads, and unpickles nothing."""
        _, _, package = bench.package(case)
        config = mlmodel.read(package)["flavors"][bench.name]
        reason = bench.flavor.needs_trust(config)
        load = getattr(fitprint, bench.name).load_model
        if reason is not None:
            assert _refused(load, package), (
                f"needs_trust() says {reason!r}, and the package was loaded with trust='no-pickle'"
            )
        else:
            pickles = sorted(_pickles(package))
            assert not pickles, (
                f"needs_trust() says that the format holds data alone, and the package holds pickles: {pickles}; give "
                "a reason there, or write another format"
            )
            assert not _refused(load, package), "the package holds data alone, and is refused with trust='no-pickle'"
        assert not _sings(bench, load, package), (
            "with trust='no-pickle' a pickle put in the place of a model file was unpickled: look at load(), and at "
            "what needs_trust() says of this config"
        )


def _refused(load: Any, package: Path) -> bool:
    try:
        load(package, trust="no-pickle")
    except PackageError:
        return True
    return False


def _pickles(package: Path) -> set[str]:
    names = [file.relative_to(package).as_posix() for file in package.rglob("*") if file.is_file()]
    return {each.file for each in imports_of(package, names)}


def _sings(bench: Bench, load: Any, package: Path) -> bool:
    """Whether a pickle in the place of any of the package's files is unpickled."""
    song = bench.folder / "sung"
    stream = pickle.dumps(Canary(song))
    for file in sorted(each for each in package.rglob("*") if each.is_file()):
        if file.name in ("MLmodel", CHECKSUMS):
            continue
        copied = bench.folder / "tampered"
        shutil.rmtree(copied, ignore_errors=True)
        shutil.copytree(package, copied)
        (copied / file.relative_to(package)).write_bytes(stream)
        attempt(lambda folder: load(folder, trust="no-pickle"), copied)  # whatever comes of it
    return song.exists()
