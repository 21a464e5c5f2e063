"""Golden packages: what a release wrote, with the rows and the prediction of then.

``golden/<version of the plugin>/<case>/`` holds ``package/``, ``rows.json`` and ``predicted.json``.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fitprint
from fitprint._instrumentation import registry
from fitprint.testing import carried
from fitprint.testing.case import Case


@dataclass(frozen=True)
class Golden:
    """One of them."""

    version: str
    case: str
    package: Path
    rows: Any
    predicted: Any


def goldens(folder: Path | None) -> Iterator[Golden]:
    """Those in a folder."""
    for place in sorted(folder.glob("*/*/package")) if folder is not None else ():
        case = place.parent
        rows, predicted = carried.read(case / "rows.json"), carried.read(case / "predicted.json")
        yield Golden(case.parent.name, case.name, place, rows, predicted)


def write_golden(flavor: str, case: Case, folder: Path) -> Path | None:
    """Trains a case and keeps its package, its rows and its prediction. None for a case without a prediction."""
    if case.predict is None or not case.package:
        return None
    plugin = registry.entries()[flavor].plugin
    target = folder / (plugin.version if plugin is not None else "0") / case.name
    with tempfile.TemporaryDirectory() as store:
        fitprint.autolog(flavor, strict=True, quiet=True, store=store)
        data = case.data()
        result = case.train(data)
        fitprint.disable()
        run = case.run([each for each in fitprint.runs(store) if each.parent_id is None])
        if run.model_path is None:
            raise ValueError(f"the case {case.name} left no package: {run.skipped}")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        shutil.copytree(run.model_path, target / "package")
    rows = case.rows_of(data)
    carried.write(target / "rows.json", rows)
    carried.write(target / "predicted.json", case.predict(case.model(result), rows))
    return target
