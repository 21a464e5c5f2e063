"""The lines of side files: what processes other than the one that writes a run's record have added to the run.

Each process appends to a file of its own, and readers merge all of them with the record:
docs/adr/0009-several-writers.md.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from fitprint._core.jsonable import to_json
from fitprint._runs.series import UNREADABLE, from_document
from fitprint.stores import Store

PARAM, METRIC, TAG, ARTIFACT, MODEL, SKIP, NAME = "param", "metric", "tag", "artifact", "model", "skip", "name"
EVALUATION = "evaluation"
BEGIN, END = "begin", "end"
"""A process opens a run again that had ended, and ends it again."""


class SideLine(NamedTuple):
    """One line of a side file."""

    time: float
    """When it was added, in seconds since the epoch, by the clock of the process that added it."""
    kind: str
    """``param``, ``metric``, ``tag``, ``artifact``, ``model``, ``skip``, ``name``, ``evaluation``, ``begin`` or
    ``end``."""
    name: str
    """The name of what was added."""
    value: Any = None
    """Its value: of a metric a `Series`, of a skip the rule and the reason, of a beginning the process, of an end the
    status."""
    writer: str = ""
    """The name of the side file."""

    def to_text(self) -> str:
        """Return the line, with its line feed. Values of metrics are written by `series.to_lines` instead."""
        document: dict[str, Any] = {"time": round(self.time, 6), "kind": self.kind, "name": self.name}
        if self.value is not None:
            document["value"] = self.value
        return to_json(document) + "\n"


def read_side_lines(store: Store, run_id: str) -> list[SideLine]:
    """Return the lines of all side files of a run, ordered by their time.

    Lines that cannot be read are left out, such as the last one of a process that was killed while writing it.

    Raises:
        UnknownRunError: If the store has no such run.
        StoreError: If a side file cannot be read.
    """
    lines = []
    for writer, content in store.side_files(run_id).items():
        for text in content.split(b"\n"):
            line = _parse(text, writer)
            if line is not None:
                lines.append(line)
    return sorted(lines, key=lambda line: line.time)  # of equal times, in the order in which they were written


def _parse(text: bytes, writer: str) -> SideLine | None:
    try:
        document = json.loads(text)
        kind, value = str(document["kind"]), document.get("value")
        line = SideLine(float(document["time"]), kind, str(document["name"]), value, writer)
        if kind == METRIC:
            return line._replace(value=from_document(document))
        if kind in (TAG, NAME, END):
            return line._replace(value=str(value))
        if kind == SKIP:
            rule, reason = value
            return line._replace(value=(str(rule), str(reason)))
        return line if kind in (PARAM, ARTIFACT) or isinstance(value, dict) else None
    except UNREADABLE:
        return None
