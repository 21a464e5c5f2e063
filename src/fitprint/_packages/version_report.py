"""How this environment differs from the one a package was made in: a table where its load fails, a line where not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fitprint._core.guard import warn_once, warn_user
from fitprint.models import differences
from fitprint.models.errors import PackageError

_ALIKE = frozenset({differences.SAME, differences.UNNEEDED})


@contextlib.contextmanager
def environment_told(folder: Path, document: Mapping[str, Any]) -> Iterator[None]:
    """Surrounds a load. What is raised in it is raised on: a PackageError with the table, anything else after it.

    A PackageError without a cause says what is wrong with the package itself: versions have no part in that.
    """
    try:
        yield
    except PackageError as error:
        report = _report(folder, document) if error.__cause__ is not None else ""
        if not report:
            raise
        raise PackageError(f"{error}\n{report}") from error.__cause__
    except Exception:
        report = _report(folder, document)
        if report:
            warn_user(f"{folder} could not be loaded. {report}")
        raise
    line = differences.summary(differences.differences(folder, document))
    if line is not None:
        warn_once(("versions", str(folder)), f"{folder}: {line}")


def _report(folder: Path, document: Mapping[str, Any]) -> str:
    found = differences.differences(folder, document)
    if all(each.meaning in _ALIKE for each in found):
        return ""
    return differences.report(folder, document, found)
