"""The line that is logged for each recorded run, through the logger ``fitprint``."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from fitprint._console.logger import Line, RateLimiter, is_display
from fitprint._console.terminal import Part
from fitprint._core.guard import guarded, inform_user, log
from fitprint._runs.record import Record
from fitprint._runs.writer import RunWriter

PREFERRED = ("accuracy_score", "r2_score", "best_cv_score", "best_value", "mean_test_score", "score")
"""The metrics that the line prefers to others, by the end of their names."""

INHERENT_RULES = ("metric", "flavor", "cross-validation", "candidate", "mlflow")
"""Rules that follow from the nature of a model. Their reasons are in the run, but no line and no count shows them."""
EXPECTED = (*INHERENT_RULES, "max_child_runs", "log_code")
"""Rules that the line does not show. The candidates of a search, for example, are all in its table."""

pace = RateLimiter()
_held_back_in: list[Path] = []
"""The folder of the latest run for which no separate line was logged."""


def log_run(writer: RunWriter) -> None:
    """Log `fitprint: XGBClassifier → fitprint-runs/0193...  accuracy 0.97  1.2 MB  in 4 ms`, at most ten a minute."""
    if not log.isEnabledFor(logging.INFO):
        return
    with guarded("the line per run"):
        held_back = 0 if is_display() else pace.admit()
        if held_back is None:
            if not _held_back_in:
                atexit.register(_log_held_back)
            _held_back_in[:] = [writer.final_path.parent]
        else:
            inform_user(run_line(writer.record, writer.final_path, held_back))


def log_package(writer: RunWriter, name: str, seconds: float) -> None:
    """Log `fitprint: onnx → fitprint-runs/0193.../onnx  1.2 MB  in 4 ms` for a package that was added to a run."""
    if not log.isEnabledFor(logging.INFO):
        return
    with guarded("the line per run"):
        about = writer.record.models[name]
        groups: list[tuple[Part, ...]] = [
            ((str(about["flavor"]), "bold"), (" → ", "dim"), (f"{_path_text(writer.final_path)}/{name}", "dim")),
            ((size_text(int(about.get("size", 0))), ""),),
            ((f"in {seconds * 1000:.0f} ms", "dim"),),
        ]
        inform_user(Line(_spaced(iter(groups))))


def run_line(record: Record, path: Path, held_back: int = 0) -> Line:
    """Return the line of a run. `held_back` is the number of runs before it that had no line."""
    return Line(_spaced(_groups(record, path, held_back)))


def _groups(record: Record, path: Path, held_back: int) -> Iterator[tuple[Part, ...]]:
    yield (record.name, "bold"), (" → ", "dim"), (_path_text(path), "dim")
    if record.error is not None:
        yield ((f"{record.status} ({record.error['type']})", "red"),)
    elif metric := _metric_text(record.metrics):
        yield ((metric, "green"),)
    size = sum(int(about.get("size", 0)) for about in record.models.values())
    if size:
        yield ((size_text(size), ""),)
    yield ((f"in {record.seconds.get('recording', 0.0) * 1000:.0f} ms", "dim"),)
    not_recorded = dict.fromkeys(skip.what for skip in record.skipped if skip.rule not in EXPECTED)
    if not_recorded:
        yield ((f"not recorded: {', '.join(not_recorded)}"[:200], "yellow"),)
    if held_back:
        yield ((f"and {held_back:,} {_runs(held_back)} before it", "dim"),)


def _spaced(groups: Iterator[tuple[Part, ...]]) -> Iterator[Part]:
    for i, group in enumerate(groups):
        if i:
            yield "  ", ""
        yield from group


def _path_text(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(os.getcwd()) else str(path)


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


def _metric_text(metrics: dict[str, float]) -> str:
    for preferred in PREFERRED:
        for name, value in metrics.items():
            if name.endswith(preferred):
                short = name.removeprefix("training_").removesuffix("_score") if name.startswith("training_") else name
                return f"{short} {value:.3g}"
    for name, value in metrics.items():
        return f"{name} {value:.4g}"
    return ""
