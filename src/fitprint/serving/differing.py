"""How this environment differs from that of a package: logged when the package is served here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fitprint.models import differences

_ALIKE = frozenset({differences.SAME, differences.UNNEEDED})


def differences_told(folder: Path, document: Mapping[str, Any]) -> str:
    """Return how the versions that are installed here differ from those of a package; an empty text if they do not."""
    rows = [row for row in differences.differences(folder, document) if row.meaning not in _ALIKE]
    if not rows:
        return ""
    return f"This environment differs from the one that the package was made in:\n{differences.table(rows)}"
