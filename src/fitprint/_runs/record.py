"""The record of a run: what stands in ``run.json``, format 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, NamedTuple

from fitprint._core.process import is_alive

FORMAT = 1
RUNNING, FINISHED, FAILED, KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"


class Skip(NamedTuple):
    """Something that was not recorded, and why: never a silent gap."""

    what: str
    rule: str
    reason: str


def now() -> str:
    """This moment in ISO 8601, UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@dataclass
class Record:
    """Everything of a run but the histories of its metrics."""

    run_id: str
    name: str
    status: str = RUNNING
    flavor: str | None = None
    experiment: str = "default"
    parent_id: str | None = None
    start: str = field(default_factory=now)
    end: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    """Of the ``training`` itself and of the ``recording``, apart."""
    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    artifacts: list[str] = field(default_factory=list)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name: ``flavor``, ``size`` in bytes, ``autologged``."""
    skipped: list[Skip] = field(default_factory=list)
    error: dict[str, str] | None = None
    process: dict[str, Any] = field(default_factory=dict)

    def hide(self, shown: Callable[[str], str]) -> None:
        """Replaces its texts by what is to be shown of them; its params are kept so from the beginning."""

        def text(value: Any) -> Any:
            return shown(value) if isinstance(value, str) else value

        self.name, self.experiment = text(self.name), text(self.experiment)
        self.tags = {text(name): text(value) for name, value in self.tags.items()}
        self.skipped = [Skip(*map(text, each)) for each in self.skipped]
        if self.error is not None:
            self.error = {name: text(value) for name, value in self.error.items()}

    def to_json(self) -> dict[str, Any]:
        """The document of ``run.json``."""
        document: dict[str, Any] = {"format": FORMAT}
        for each in fields(self):
            document[each.name] = getattr(self, each.name)
        return document


_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("run_id", "name", "status", "experiment", "start"), str),
    **dict.fromkeys(("flavor", "parent_id", "end"), (str, type(None))),
    **dict.fromkeys(("seconds", "params", "metrics", "tags", "models", "process"), dict),
    **dict.fromkeys(("artifacts", "skipped"), list),
    "error": (dict, type(None)),
}
"""What each field of a record is in JSON."""


def from_json(document: Mapping[str, Any]) -> Record:
    """A record read back; a RUNNING one whose process is gone reads as KILLED. Unknown keys are left out.

    Raises TypeError or ValueError for a document that is no record.
    """
    found = {name: value for name, value in document.items() if name in _KINDS}
    for name, value in found.items():
        if not isinstance(value, _KINDS[name]):
            raise TypeError(f"its {name} cannot be {value!r:.50}")
    record = Record(**found)
    if not all(isinstance(about, dict) for about in record.models.values()):
        raise TypeError("its models are described by mappings")
    record.metrics = {name: float(value) for name, value in record.metrics.items()}  # "NaN" and infinities too
    record.skipped = [Skip(*each) for each in record.skipped]
    if record.status == RUNNING and is_alive(record.process) is False:
        record.status = KILLED
    return record
