"""The rows of `fitprint runs`: plain aligned lines, quick for ten thousand runs, cut only to fit a terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import click

from fitprint._runs.record import FAILED, FINISHED, KILLED, RUNNING
from fitprint._runs.run import Run
from fitprint._runs.summary_line import PREFERRED, size_text
from fitprint.cli.screen import Screen
from fitprint.cli.texts import clean, columns, duration, local_time, seconds_since, shortened, time_text

GAP = "  "
SHORTEST_ID = 12
"""Digits of a run id that hold its millisecond: shorter beginnings would soon be those of later runs too."""
STATUS_COLOURS = {FINISHED: "green", RUNNING: "cyan", FAILED: "red", KILLED: "yellow"}
_WIDEST_HEAD = 10
_NAME_WANTS, _NAME_NEEDS = 22, 8

Style = Callable[[str], str]


@dataclass
class Column:
    """One column: ``wanted`` says how soon it is left out where there is no room for all (0: never)."""

    head: str
    cells: list[str]
    wanted: int = 0
    right: bool = False
    style: Style | None = None
    width: int = 0

    def heads(self, wrapped: bool) -> list[str]:
        """The lines of the head: a long name is broken at its underscores, so that its column stays narrow."""
        return _wrapped(self.head) if wrapped else [self.head]

    def measure(self, wrapped: bool) -> None:
        self.width = max(map(columns, {*self.heads(wrapped), *self.cells}))

    def padded(self, text: str) -> str:
        if columns(text) > self.width:
            text = shortened(text, self.width)
        width = self.width + len(text) - columns(text)
        return text.rjust(width) if self.right else text.ljust(width)


def as_tree(runs: Sequence[Run]) -> list[tuple[Run, int]]:
    """Runs, newest first, with their children beneath them, oldest first; each with its depth.

    -1 is the depth of a child whose parent is not among the runs.
    """
    here = {run.run_id for run in runs}
    children: dict[str, list[Run]] = {}
    waiting: list[tuple[Run, int]] = []
    for run in runs:
        parent = run.parent_id
        if parent in here and parent is not None and parent < run.run_id:  # no run is older than its parent
            children.setdefault(parent, []).append(run)
        else:
            waiting.append((run, -1 if parent else 0))
    waiting.reverse()
    found = []
    while waiting:
        run, depth = waiting.pop()
        found.append((run, depth))
        waiting += [(child, max(depth, 0) + 1) for child in children.get(run.run_id, ())]
    return found


def id_digits(shown: Iterable[str], run_ids: Sequence[str]) -> int:
    """How many digits tell the shown runs from all others of the store, ``run_ids`` being in order."""
    wanted = set(shown)
    shared = (_shared(*pair) for pair in pairwise(run_ids) if not wanted.isdisjoint(pair))
    return max(SHORTEST_ID, max(shared, default=0) + 1)


def lines(rows: Sequence[tuple[Run, int]], screen: Screen, digits: int) -> list[str]:
    """The head and a line per run. Off a terminal: whole ids, whole names, no colours."""
    found = _columns(rows, screen, digits)
    for each in found:
        each.measure(wrapped=screen.width is not None)
    if screen.width is not None:
        found = _fitted(found, screen.width)
    return [*_head(found, screen), *_body(found, screen, len(rows))]


def _columns(rows: Sequence[tuple[Run, int]], screen: Screen, digits: int) -> list[Column]:
    runs = [run for run, _ in rows]
    ids = [run.run_id[: digits if screen.width is not None else None] for run in runs]
    names = _telling_metrics(runs)
    metrics = [
        Column(clean(name), [_metric(run.record.metrics.get(name)) for run in runs], wanted, right=True)
        for name, wanted in zip(names, (1, 3, 5), strict=False)
    ]
    return [
        Column("run", ids, style=_faded(_shared(min(ids), max(ids)) % len(ids[0]))),
        Column("name", [_branch(depth) + clean(run.name) for run, depth in rows]),
        Column("flavor", [clean(run.flavor or "") for run in runs], wanted=2),
        Column("status", [clean(run.status) for run in runs], style=_status),
        Column("start", [_start(run, screen) for run in runs]),
        Column("took", [_took(run) for run in runs], right=True),
        *metrics,
        Column("model", [_model_size(run) for run in runs], wanted=4, right=True),
    ]


def _telling_metrics(runs: Iterable[Run]) -> list[str]:
    """The three metrics that most runs have; of those as frequent, first the ones that tell a good model.

    The candidates of a search, which are many, only have a say where there is nothing else.
    """
    listed = list(runs)
    outermost = [run for run in listed if run.parent_id is None and run.record.metrics]
    counts = Counter(name for run in outermost or listed for name in run.record.metrics)
    return sorted(counts, key=lambda name: (-counts[name], _place(name)))[:3]


def _place(metric: str) -> int:
    others = len(PREFERRED) + ("time" in metric)
    return next((i for i, name in enumerate(PREFERRED) if metric.endswith(name)), others)


def _fitted(found: list[Column], width: int) -> list[Column]:
    """The columns that a terminal has room for; the names give way as far as they can, then whole columns."""
    name = found[1]
    floor = min(name.width, _NAME_WANTS)
    kept = [each for each in found if not each.wanted]
    room = width - floor - sum(each.width for each in kept if each is not name) - len(GAP) * (len(kept) - 1)
    for each in sorted((each for each in found if each.wanted), key=lambda each: each.wanted):
        if any(each.cells) and each.width + len(GAP) <= room:
            kept.append(each)
            room -= each.width + len(GAP)
    name.width = max(_NAME_NEEDS, min(name.width, floor + room))
    return [each for each in found if any(each is other for other in kept)]


def _head(found: list[Column], screen: Screen) -> list[str]:
    heads = [each.heads(wrapped=screen.width is not None) for each in found]
    height = max(map(len, heads))
    rows = [[""] * (height - len(each)) + each for each in heads]
    texts = (GAP.join(column.padded(row[i]) for column, row in zip(found, rows, strict=True)) for i in range(height))
    return [click.style(text.rstrip(), dim=True) if screen.colour else text.rstrip() for text in texts]


def _body(found: list[Column], screen: Screen, count: int) -> Iterable[str]:
    missing = "" if screen.width is not None else "-"
    for i in range(count):
        cells = []
        for each in found:
            text = each.padded(each.cells[i] or missing)
            cells.append(each.style(text) if each.style and screen.colour else text)
        yield GAP.join(cells).rstrip()


def _wrapped(name: str) -> list[str]:
    found = [""]
    for piece in re.findall(r"[^_\-/. ]*[_\-/. ]|[^_\-/. ]+", name):
        if found[-1] and len(found[-1]) + len(piece) > _WIDEST_HEAD:
            found.append("")
        found[-1] += piece
    return [shortened(each.strip(), _WIDEST_HEAD + 2) for each in found]


def _branch(depth: int) -> str:
    if depth == 0:
        return ""
    return "↳ " if depth < 0 else "  " * min(depth - 1, 4) + "└ "


def _shared(one: str, other: str) -> int:
    """How many digits two ids begin with alike."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _faded(digits: int) -> Style:
    return lambda text: click.style(text[:digits], dim=True) + text[digits:]


def _status(text: str) -> str:
    return click.style(text, fg=STATUS_COLOURS.get(text.strip()))


def _metric(value: float | None) -> str:
    """Four digits, and six where four would only be the power of ten of a count."""
    return "" if value is None else f"{value:.4g}" if abs(value) < 1000 else f"{value:.6g}"


def _start(run: Run, screen: Screen) -> str:
    found = local_time(run.start_time)
    if screen.width is None or found is None:
        return time_text(run.start_time)
    return f"{found:%m-%d %H:%M}" if found.year == datetime.now().year else f"{found:%Y-%m-%d}"


def _took(run: Run) -> str:
    """The seconds of training; of a run that is still open, its age."""
    if run.status == RUNNING:
        return duration(seconds_since(run.start_time))
    return duration(run.seconds.get("training"))


def _model_size(run: Run) -> str:
    sizes = [each.get("size") for each in run.record.models.values()]
    return size_text(sum(each for each in sizes if isinstance(each, int))) if sizes else ""
