"""The runs that `fitprint runs` and `fitprint show` list: an aligned table on a terminal, else plain lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from fitprint._core.ids import SHORTEST_ID
from fitprint._runs.comparison import Comparison, Row, branch
from fitprint._runs.record import FAILED, FINISHED, KILLED, RUNNING
from fitprint._runs.run import Run, record_of
from fitprint._runs.summary_line import size_text
from fitprint.cli.render import Cell, Columns, Page, styled
from fitprint.cli.texts import clean, duration, local_time, seconds_since, shortened, time_text

STATUS_STYLES = {FINISHED: "green", RUNNING: "cyan", FAILED: "red", KILLED: "yellow"}
_WIDEST_HEAD = 10


def id_digits(listed_ids: Iterable[str], run_ids: Sequence[str]) -> int:
    """Return how many digits distinguish the listed runs from all others of the store; ``run_ids`` are in order."""
    ids = set(listed_ids)
    shared = (_shared_digits(*pair) for pair in pairwise(run_ids) if not ids.isdisjoint(pair))
    return max(SHORTEST_ID, max(shared, default=0) + 1)


def add_runs(page: Page, rows: Sequence[Row], run_ids: Sequence[str]) -> None:
    """Add the table of runs to a page, with as many columns as it has room for.

    Args:
        page: The page.
        rows: The runs.
        run_ids: The ids of all runs of the store, in order: those shown get as many digits as `fitprint show` needs.
    """
    comparison = Comparison([record_of(run) for run, _ in rows])
    ids = [run.run_id for run, _ in rows]
    digits = id_digits(ids, run_ids)
    shared = _shared_digits(min(ids), max(ids)) % digits
    cells = []
    for run, depth in rows:
        run_id, name, flavor, status, _, *others = _cells(run, depth, comparison)
        state = styled(status, STATUS_STYLES.get(status))
        cells.append((_faded(run_id[:digits], shared), name, flavor, state, _short_start(run), *others))
    head = _head(comparison)
    name_at, flavor_at, status_at, start_at, took_at, model_at = 1, 2, 3, 4, 5, len(head) - 1
    further_metrics = range(took_at + 2, model_at)
    dispensable = [*reversed(further_metrics), model_at, flavor_at, start_at]
    if all(run.status == FINISHED for run, _ in rows):
        dispensable.append(status_at)
    columns = Columns([_wrapped(name) for name in head], range(took_at, model_at + 1), name_at, dispensable)
    page.table(cells, columns, most=len(rows))


def plain_lines(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a head and a line per run, its cells between tabs: whole ids and names, an empty cell for what is missing.

    This is also how ten thousand runs are listed, for which an aligned table would take seconds.
    """
    comparison = Comparison([record_of(run) for run, _ in rows])
    yield "\t".join(_head(comparison))
    for run, depth in rows:
        yield "\t".join(_cells(run, depth, comparison))


def _head(comparison: Comparison) -> list[str]:
    return ["run", "name", "flavor", "status", "start", "took", *map(clean, comparison.head), "model"]


def _cells(run: Run, depth: int, comparison: Comparison) -> list[str]:
    record = record_of(run)
    return [
        run.run_id,
        branch(depth) + clean(comparison.name(record)),
        clean(run.flavor or ""),
        clean(run.status),
        time_text(run.start_time),
        _took(run),
        *map(clean, comparison.cells(record)),
        _model_size(run),
    ]


def _wrapped(name: str) -> str:
    """Break a long name at its underscores, so that its column stays narrow."""
    lines = [""]
    for piece in re.findall(r"[^_\-/. ]*[_\-/. ]|[^_\-/. ]+", name):
        if lines[-1] and len(lines[-1]) + len(piece) > _WIDEST_HEAD:
            lines.append("")
        lines[-1] += piece
    return "\n".join(shortened(line.strip(), _WIDEST_HEAD + 2) for line in lines)


def _shared_digits(one: str, other: str) -> int:
    """Return how many digits two ids begin with alike."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _faded(run_id: str, digits: int) -> Cell:
    """Return an id whose first digits, which all the ids share, are dim."""
    text = styled(run_id, None)
    text.stylize("dim", 0, digits)
    return text


def _short_start(run: Run) -> str:
    start = local_time(run.start_time)
    if start is None:
        return time_text(run.start_time)
    return f"{start:%m-%d %H:%M}" if start.year == datetime.now().year else f"{start:%Y-%m-%d}"


def _took(run: Run) -> str:
    """Return the time of the training, or the age of a run that is still open."""
    if run.status == RUNNING:
        return duration(seconds_since(run.start_time))
    return duration(run.seconds.get("training"))


def _model_size(run: Run) -> str:
    sizes = [model.get("size") for model in record_of(run).models.values()]
    return size_text(sum(size for size in sizes if isinstance(size, int))) if sizes else ""
