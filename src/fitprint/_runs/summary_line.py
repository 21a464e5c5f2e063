"""The line that is logged for each recorded run, through the logger ``fitprint``."""

from __future__ import annotations

import atexit
import logging
import os
import shlex
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path

from fitprint._console.logger import Line, RateLimiter, is_display
from fitprint._console.terminal import Part
from fitprint._core.call_scope import innermost
from fitprint._core.guard import guarded, inform_user, log
from fitprint._core.ids import SHORTEST_ID
from fitprint._core.paths import working_directory
from fitprint._core.process_state import on_reset
from fitprint._runs.known_metrics import EVALUATED, HELD_OUT, deciding_metric
from fitprint._runs.record import Record
from fitprint._runs.run import Run, adder_of, record_of
from fitprint._runs.writer import RunWriter
from fitprint._settings.table import TABLE

INHERENT_RULES = ("metric", "flavor", "cross-validation", "candidate", "mlflow")
"""Rules that follow from the nature of a model. Their reasons are in the run, but no line and no count shows them."""
EXPECTED = (*INHERENT_RULES, "max_child_runs", "log_code", "checkpoints")
"""Rules that the line does not show. The candidates of a search, for example, are all in its table."""

pace = RateLimiter()
_held_back_in: list[Path] = []
"""The folder of the latest run for which no separate line was logged."""


_with_held_out: weakref.WeakSet[Run] = weakref.WeakSet()
"""The runs whose first metric of held-out data has had its line."""
on_reset(_with_held_out.clear)


def log_run(writer: RunWriter) -> None:
    """Log `fitprint: XGBClassifier → fitprint-runs/0193...  training accuracy 0.97  1.2 MB  in 4 ms`, ten a minute."""
    if not log.isEnabledFor(logging.INFO):
        return
    with guarded("the line per run"):
        held_back = _admit(writer.final_path)
        if held_back is not None:
            inform_user(run_line(writer.record, writer.final_path, held_back))


def log_start(writer: RunWriter) -> None:
    """Log `fitprint: Net is training → fitprint show 01a22a3a1cca --follow` for a training that takes some seconds.

    The program may be drawing a bar of its own, so that the line begins on a new line of a terminal.
    """
    if not log.isEnabledFor(logging.INFO):
        return
    with guarded("the line of a long training"):
        held_back = _admit(writer.final_path, is_of_new_run=False)
        if held_back is not None:
            command = f"fitprint show {writer.run_id[:SHORTEST_ID]} --follow"
            store = _path_text(writer.final_path.parent)
            if store != TABLE["store"].default:
                command += f" --store {shlex.quote(store)}"
            head = (writer.record.name, "bold"), (" is training → ", ""), (command, "dim")
            inform_user(Line(_spaced([head, *_before(held_back)]), breaks=True))


def log_held_out(run: Run) -> None:
    """Log `fitprint: XGBClassifier → fitprint-runs/0193...  accuracy 0.965 on X_test`, once for each run.

    Args:
        run: The run that metrics of predictions were just added to.
    """
    if run in _with_held_out or innermost() is not None or not log.isEnabledFor(logging.INFO):
        return  # runs of a call that groups them, such as those below the trials of a study, have no lines
    with guarded("the line of a held-out metric"):
        metric = deciding_metric(record_of(run))
        if metric is None or metric.data not in (HELD_OUT, EVALUATED):
            return
        _with_held_out.add(run)
        adder = adder_of(run)
        path = adder.final_path if isinstance(adder, RunWriter) else run.path
        held_back = _admit(path, is_of_new_run=False)
        if held_back is not None:
            groups = [_head(run.name, path), ((metric.text(), "green"),), *_before(held_back)]
            inform_user(Line(_spaced(groups)))


def log_package(writer: RunWriter, name: str, seconds: float) -> None:
    """Log `fitprint: onnx → fitprint-runs/0193.../onnx  1.2 MB  in 4 ms` for a package that was added to a run."""
    if not log.isEnabledFor(logging.INFO):
        return
    with guarded("the line per run"):
        about = writer.record.models[name]
        groups: list[tuple[Part, ...]] = [
            _head(str(about["flavor"]), writer.final_path / name),
            ((size_text(int(about.get("size", 0))), ""),),
            ((f"in {seconds * 1000:.0f} ms", "dim"),),
        ]
        inform_user(Line(_spaced(groups)))


def run_line(record: Record, path: Path, held_back: int = 0) -> Line:
    """Return the line of a run. `held_back` is the number of runs before it that had no line."""
    return Line(_spaced(_groups(record, path, held_back)))


def _groups(record: Record, path: Path, held_back: int) -> Iterator[tuple[Part, ...]]:
    yield _head(record.name, path)
    if record.error is not None:
        yield ((f"{record.status} ({record.error['type']})", "red"),)
    elif metric := deciding_metric(record):
        yield ((metric.text(), "green"),)
    size = sum(int(about.get("size", 0)) for about in record.models.values())
    if size:
        yield ((size_text(size), ""),)
    yield ((f"in {record.seconds.get('recording', 0.0) * 1000:.0f} ms", "dim"),)
    not_recorded = dict.fromkeys(skip.what for skip in record.skipped if skip.rule not in EXPECTED)
    if not_recorded:
        yield ((f"not recorded: {', '.join(not_recorded)}"[:200], "yellow"),)
    yield from _before(held_back)


def _head(name: str, path: Path) -> tuple[Part, ...]:
    return (name, "bold"), (" → ", "dim"), (_path_text(path), "dim")


def _before(held_back: int) -> list[tuple[Part, ...]]:
    return [((f"and {held_back:,} {_runs(held_back)} before it", "dim"),)] if held_back else []


def _admit(path: Path, is_of_new_run: bool = True) -> int | None:
    """Return how many runs had no line before the line of a run, or None if this one is held back too."""
    held_back = 0 if is_display() else pace.admit(is_of_new_run)
    if held_back is None:
        if not _held_back_in:
            atexit.register(_log_held_back)
        _held_back_in[:] = [path.parent]
    return held_back


def _spaced(groups: Iterable[tuple[Part, ...]]) -> list[Part]:
    parts: list[Part] = []
    for group in groups:
        if parts:
            parts.append(("  ", ""))
        parts += group
    return parts


def _path_text(path: Path) -> str:
    return os.path.relpath(path) if (here := working_directory()) and path.is_relative_to(here) else str(path)


def _runs(count: int) -> str:
    return "run" if count == 1 else "runs"


def _log_held_back() -> None:
    """At the end of the process, log how many runs had no line after the last one that had."""
    held_back = pace.take_held_back()
    if held_back:
        with guarded("the last line"):
            where = f" → {_path_text(_held_back_in[0])}"
            inform_user(Line([(f"{held_back:,} more {_runs(held_back)}", "bold"), (where, "dim")]))


def size_text(size: int) -> str:
    """Return a number of bytes as a text such as 812 B, 1.2 kB or 3.4 MB."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
