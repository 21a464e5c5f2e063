"""`status()`: which flavors are recorded in this process, which are not, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

from fitprint._core import html as _html
from fitprint._core.guard import guarded
from fitprint._core.publish import publish
from fitprint._instrumentation.engines import EngineEntry, known_engines
from fitprint._instrumentation.entries import missing_plugins
from fitprint._instrumentation.flavor_state import Instrument
from fitprint._instrumentation.registry import entries, known_flavors
from fitprint._instrumentation.support import check_support
from fitprint._recorder.state import recorder_state
from fitprint._workers.engines import Attachment, attachments


@dataclass
class EngineStatus:
    """The state of one engine in this process."""

    name: str
    version: str | None
    """Its version, or None if it is not installed."""
    range: str
    """The versions that the plugin supports."""
    state: str
    """``on``, ``off``, ``waiting`` for the import, ``unsupported``, or ``broken``."""
    reason: str = ""
    """Why it is in this state."""
    attachments: tuple[Attachment, ...] = ()
    """What became of the workers of each cluster that the program has sent work to, or has attached."""


@dataclass
class FlavorStatus:
    """The state of one flavor in this process."""

    name: str
    version: str | None
    """The version of its framework, or None if that is not installed."""
    range: str
    """The versions that the plugin supports."""
    state: str
    """``on``, ``off``, ``waiting`` for the import, ``unsupported``, ``broken``, or ``no plugin``."""
    reason: str = ""
    """Why it is in this state; of a flavor that is on, which classes are out of its reach."""
    runs: int = 0
    """The recorded runs of this process."""
    skips: dict[str, int] = field(default_factory=dict)
    """Per rule: the training calls that left no run, and the runs that something was left out of."""


class StatusList(list[FlavorStatus]):
    """A row for each flavor; it is shown as a table in a notebook."""

    unreached: tuple[str, ...] = ()
    """Kinds of workers that training was sent to and that record only where they call `autolog()` themselves."""
    engines: tuple[EngineStatus, ...] = ()
    """A row for each registered engine, which carries work to other processes."""

    def __repr__(self) -> str:
        flavors = ", ".join(f"{row.name} {row.state}" for row in self) or "no flavor"
        return f"<fitprint status: {'; '.join(filter(None, (flavors, self._engines_text(), self._unreached_text())))}>"

    def _engines_text(self) -> str:
        return "; ".join(str(attachment) for engine in self.engines for attachment in engine.attachments)

    def _unreached_text(self) -> str:
        return f"workers not reached: {', '.join(self.unreached)}" if self.unreached else ""

    def _repr_html_(self) -> str:
        head = ("flavor", "version", "supported", "state", "reason", "runs", "skipped")
        rows = (
            (row.name, row.version, row.range, row.state, row.reason, row.runs, skips_text(row.skips)) for row in self
        )
        return _html.table(head, rows, "; ".join(filter(None, (self._engines_text(), self._unreached_text()))))


def skips_text(skips: dict[str, int]) -> str:
    """Return the counts of skips in a line: ``exclude_estimators 3, store 1``."""
    return ", ".join(f"{rule} {count}" for rule, count in sorted(skips.items()))


def status() -> StatusList:
    """Report the state of every flavor in this process.

    Returns:
        A row for each registered flavor: the versions, the state and its reason, the number of runs, and what each
        rule left out. A framework that is installed without its plugin has a row too.
    """
    rows = StatusList(_status_of(name, instrument) for name, instrument in sorted(known_flavors().items()))
    for name, command in missing_plugins(entries()).items():
        rows.append(FlavorStatus(name, None, "", "no plugin", f"install it with: {command}"))
    rows.unreached = tuple(sorted(recorder_state.unreached))
    rows.engines = tuple(_status_of_engine(entry) for _, entry in sorted(known_engines().items()))
    return rows


def _status_of_engine(entry: EngineEntry) -> EngineStatus:
    support = entry.support
    if support is None:
        with guarded("its supported range", entry.name):
            support = check_support(entry.plugin, entry.modules)
    version, supported = (support.version, support.range) if support is not None else (None, "")
    attached = tuple(attachment for attachment in attachments() if attachment.engine == entry.name)
    return EngineStatus(entry.name, version, supported, entry.state, entry.reason, attached)


def _status_of(name: str, instrument: Instrument) -> FlavorStatus:
    support = instrument.support
    if support is None:
        with guarded("its supported range", name):
            support = check_support(instrument.entry.plugin, instrument.entry.modules)
    version, supported = (support.version, support.range) if support is not None else (None, "")
    skips = dict(recorder_state.skips.get(name, {}))
    reason = instrument.reason or "; ".join(instrument.out_of_reach())
    return FlavorStatus(name, version, supported, instrument.state, reason, recorder_state.runs[name], skips)


publish("fitprint", status)
