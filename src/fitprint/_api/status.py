"""Saying what is on: a row per registered flavor."""

from __future__ import annotations

from dataclasses import dataclass, field

from fitprint._api.autolog import entries, known_flavors
from fitprint._core import html as _html
from fitprint._core.guard import guarded
from fitprint._instrumentation.entries import missing_plugins
from fitprint._instrumentation.flavor_state import Instrument
from fitprint._instrumentation.support import check_support
from fitprint._recorder.state import switch


@dataclass
class FlavorStatus:
    """One registered flavor as it is now."""

    name: str
    version: str | None
    range: str
    state: str
    """``on``, ``off``, ``waiting`` for the import, ``unsupported``, ``broken``, or ``no plugin``."""
    reason: str = ""
    runs: int = 0
    skips: dict[str, int] = field(default_factory=dict)
    """Per rule: training calls that left no run, and runs that something was left out of."""


class StatusList(list[FlavorStatus]):
    """A row per flavor; a table in a notebook."""

    unreached: tuple[str, ...] = ()
    """Kinds of workers that training was sent to and that record only where they call `autolog()` themselves."""

    def __repr__(self) -> str:
        flavors = ", ".join(f"{each.name} {each.state}" for each in self) or "no flavor"
        return f"<fitprint status: {'; '.join(filter(None, (flavors, self._unreached_text())))}>"

    def _unreached_text(self) -> str:
        return f"workers not reached: {', '.join(self.unreached)}" if self.unreached else ""

    def _repr_html_(self) -> str:
        head = ("flavor", "version", "supported", "state", "reason", "runs", "skipped")
        rows = (
            (each.name, each.version, each.range, each.state, each.reason, each.runs, skips_text(each.skips))
            for each in self
        )
        return _html.table(head, rows, self._unreached_text())


def skips_text(skips: dict[str, int]) -> str:
    """`exclude_estimators 3, store 1`."""
    return ", ".join(f"{rule} {count}" for rule, count in sorted(skips.items()))


def status() -> StatusList:
    """A row per registered flavor: versions, state and why, runs, and what each rule left out."""
    rows = [_status_of(name, instrument) for name, instrument in sorted(known_flavors().items())]
    for name, command in missing_plugins(entries()).items():
        rows.append(FlavorStatus(name, None, "", "no plugin", f"install it with: {command}"))
    found = StatusList(rows)
    found.unreached = tuple(sorted(switch.unreached))
    return found


def _status_of(name: str, instrument: Instrument) -> FlavorStatus:
    support = instrument.support
    if support is None:
        with guarded("its supported range", name):
            support = check_support(instrument.entry.plugin, instrument.entry.modules)
    shown = (support.version, support.range) if support is not None else (None, "")
    skips = dict(switch.skips.get(name, {}))
    return FlavorStatus(name, *shown, instrument.state, instrument.reason, switch.runs[name], skips)
