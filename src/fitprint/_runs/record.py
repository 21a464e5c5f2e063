"""The record of a run: the content of ``run.json``, format 3.

Format 2 is the same; in the files of its metrics each value has a line of its own. Format 1 lacks ``tag_times`` too.
Documents that are older than ``evaluations`` or ``default_params`` lack them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypedDict

from fitprint._core import work_queue
from fitprint._core.process import is_alive
from fitprint._runs.lease import is_at_work
from fitprint._runs.waiting import write_waiting
from fitprint.stores import Store, StoreError

FORMAT = 3
RUNNING, FINISHED, FAILED, KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"


class Skip(NamedTuple):
    """Something that was not recorded, and the reason."""

    what: str
    """What was not recorded, for example ``model``."""
    rule: str
    """The setting or the rule that left it out, or ``error``."""
    reason: str
    """The reason, as a text for the user."""


class Evaluation(TypedDict):
    """What a metric of predictions says, and of which data."""

    metric: str
    """The name of the metric without that of the data, for example ``accuracy_score``."""
    data: str | None
    """The name of the data's variable in the user's code, for example ``X_test``; None if it is not known."""
    rows: int | None
    """How many rows the data has, if this is known."""
    digest: str | None
    """The digest of the data, as ``dataset.json`` has that of the training data; None if the data was gone."""
    training_data: bool | None
    """Whether it is the data that the model was trained on, or a part of that. If it is not, the metric is held out.
    None: not known, or some of its rows are."""
    training_rows: int | None
    """About how many of the rows the model was trained on; None if this is not known."""
    call: str
    """The call that made the metric, as a text with the names of the user's variables; empty where there is none."""


Skip.__module__ = "fitprint"  # where users import it from, and what pickles name


def now() -> str:
    """Return the current time as ISO 8601 in UTC, to the microsecond."""
    return iso_time(datetime.now(UTC).timestamp())


def iso_time(timestamp: float) -> str:
    """Return a time in seconds since the epoch as ISO 8601 in UTC, to the microsecond."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="microseconds")


OTHER_NAMES = "other_names"
"""The key, in what a record says of a package, of the further names that it can be loaded by."""
GC = "gc"
"""The rule of the skip reason for a package that was removed to free space."""


def model_skip(name: str, rule: str, reason: str) -> Skip:
    """Return the skip reason for a package that a run does not have."""
    return Skip("model" if name == "model" else f"model {name}", rule, reason)


def check_end_status(status: str) -> None:
    """Raise ValueError if a run cannot end with this status."""
    if status not in (FINISHED, FAILED, KILLED):
        raise ValueError(f"a run ends as {FINISHED}, {FAILED} or {KILLED}, not as {status!r}")


def status_after(error: BaseException | None) -> str:
    """Return the status with which code has ended that raised an exception, or none.

    Leaving with the exit status 0 (``sys.exit()``) is no failure. With another one it is.
    """
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return FINISHED
    return FAILED if isinstance(error, (Exception, SystemExit)) else KILLED


@dataclass
class Record:
    """All data of a run except the histories of its metrics."""

    run_id: str
    name: str
    status: str = RUNNING
    flavor: str | None = None
    experiment: str = "default"
    parent_id: str | None = None
    start: str = field(default_factory=now)
    end: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    """The seconds of the ``training`` itself and, separately, of the ``recording``."""
    params: dict[str, Any] = field(default_factory=dict)
    default_params: dict[str, None] = field(default_factory=dict)
    """The names of the params that have the default values of the framework, in their order: nobody has set them."""
    metrics: dict[str, float] = field(default_factory=dict)
    evaluations: dict[str, dict[str, Any]] = field(default_factory=dict)
    """For the name of each metric of predictions that were made after the training, the facts of `Evaluation`."""
    tags: dict[str, str] = field(default_factory=dict)
    tag_times: dict[str, float] = field(default_factory=dict)
    """When the user set each tag, in seconds since the epoch: of the values of several processes the latest stays."""
    artifacts: list[str] = field(default_factory=list)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    """For the name of each package: ``flavor``, ``size`` in bytes, ``autologged``, and its ``other_names`` if any."""
    skipped: list[Skip] = field(default_factory=list)
    error: dict[str, str] | None = None
    process: dict[str, Any] = field(default_factory=dict)

    def redact(self, hide: Callable[[str], str], clean: Container[str] = ()) -> None:
        """Replace each text by what `hide` returns for it, except params and evaluations, which are stored redacted.

        Texts in `clean` are known to stay as they are: most texts are, and this is done three times in a run.
        """

        def text(value: Any) -> Any:
            return hide(value) if isinstance(value, str) and value not in clean else value

        self.name, self.experiment = text(self.name), text(self.experiment)
        self.tags = {
            name if name in clean else text(name): value if type(value) is str and value in clean else text(value)
            for name, value in self.tags.items()
        }
        self.tag_times = {name if name in clean else text(name): time for name, time in self.tag_times.items()}
        self.skipped = [Skip(*map(text, skip)) for skip in self.skipped]
        if self.error is not None:
            self.error = {name: text(value) for name, value in self.error.items()}

    def to_json(self) -> dict[str, Any]:
        """Return the document of ``run.json``."""
        document = {"format": FORMAT, **{name: getattr(self, name) for name in _FIELDS}}
        return {**document, "default_params": list(self.default_params)}


_FIELDS = tuple(member.name for member in fields(Record))
_TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("run_id", "name", "status", "experiment", "start"), str),
    **dict.fromkeys(("flavor", "parent_id", "end"), (str, type(None))),
    **dict.fromkeys(("seconds", "params", "metrics", "evaluations", "tags", "tag_times", "models", "process"), dict),
    **dict.fromkeys(("artifacts", "skipped", "default_params"), list),
    "error": (dict, type(None)),
}
"""The JSON type of each field of a record."""


def from_json(document: Mapping[str, Any]) -> Record:
    """Return the record that a document of ``run.json`` describes. Unknown keys are ignored.

    A record with status RUNNING whose process is gone gets the status KILLED.

    Raises:
        TypeError: If the document is not a record.
        ValueError: If the document is not a record.
    """
    values = {name: value for name, value in document.items() if name in _TYPES}
    for name, value in values.items():
        if not isinstance(value, _TYPES[name]):
            raise TypeError(f"its {name} cannot be {value!r:.50}")
    record = Record(**values)
    if not all(isinstance(about, dict) for about in record.models.values()):
        raise TypeError("its models must be described by mappings")
    if not all(isinstance(facts, dict) for facts in record.evaluations.values()):
        raise TypeError("its evaluations must be described by mappings")
    record.default_params = dict.fromkeys(map(str, record.default_params))
    record.metrics = {name: float(value) for name, value in record.metrics.items()}  # also "NaN" and infinities
    record.tag_times = {name: float(time) for name, time in record.tag_times.items()}
    record.skipped = [Skip(*skip) for skip in record.skipped]
    record.tags = {name: value if type(value) is str else str(value) for name, value in record.tags.items()}
    if record.error is not None:
        record.error = {"type": "", "message": "", **{name: str(value) for name, value in record.error.items()}}
    if record.status == RUNNING and is_alive(record.process) is False:
        record.status = KILLED
    return record


def read_record(store: Store, run_id: str) -> Record:
    """Read the record of a run, after what waits to be written in this process.

    Raises:
        UnknownRunError: If the store has no such run.
        StoreError: If the record is broken or cannot be read.
    """
    work_queue.wait(run_id)
    write_waiting()
    document = store.read_record(run_id)
    try:
        record = replace(from_json(document), run_id=run_id)  # a run is found by the name of its folder
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise StoreError(f"the record of run {run_id} in {store.location} is broken: {error}") from None
    if record.status == RUNNING and is_at_work(record.process, store, run_id) is False:
        record.status = KILLED
    return record
