"""The line per recorded run, through the logger ``fitprint``."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from fitprint._console.logger import Line, RateLimiter, is_display
from fitprint._console.terminal import Part
from fitprint._core.guard import guarded, inform_user, log
from fitprint._runs.run import Run

PREFERRED = ("accuracy_score", "r2_score", "best_cv_score", "mean_test_score", "score")

IN_ITS_NATURE = ("metric", "flavor", "cross-validation", "candidate")
"""Rules whose reasons are in the nature of the model: they stand in the run, no line says them, nobody counts them."""
EXPECTED = (*IN_ITS_NATURE, "max_child_runs")
"""Rules that the line is silent about: of a search's candidates the table has all."""

pace = RateLimiter()
_stores: list[Path] = []
"""Where the run lies that was held back last."""


def tell_run(run: Run) -> None:
    """`fitprint: XGBClassifier → fitprint-runs/0193...  accuracy 0.97  1.2 MB  in 4 ms`; at most ten a minute."""
    if not log.isEnabledFor(logging.INFO):
        return
    with guarded("the line per run"):
        held = 0 if is_display() else pace.admit()
        if held is None:
            if not _stores:
                atexit.register(_tell_rest)
            _stores[:] = [run.final_path.parent]
        else:
            inform_user(run_line(run, held))


def tell_package(run: Run, name: str, seconds: float) -> None:
    """`fitprint: onnx → fitprint-runs/0193.../onnx  1.2 MB  in 4 ms`: a package that was added to a run."""
    if not log.isEnabledFor(logging.INFO):
        return
    with guarded("the line per run"):
        about = run.record.models[name]
        shown: list[tuple[Part, ...]] = [
            ((str(about["flavor"]), "bold"), (" → ", "dim"), (f"{_place(run.final_path)}/{name}", "dim")),
            ((size_text(int(about.get("size", 0))), ""),),
            ((f"in {seconds * 1000:.0f} ms", "dim"),),
        ]
        inform_user(Line(_spaced(iter(shown))))


def run_line(run: Run, held: int = 0) -> Line:
    """What a run came to, in one line; ``held``: how many runs before it have had no line."""
    return Line(_spaced(_parts(run, held)))


def _parts(run: Run, held: int) -> Iterator[tuple[Part, ...]]:
    yield (run.name, "bold"), (" → ", "dim"), (_place(run.final_path), "dim")  # of an open run: it moves when it ends
    if run.error is not None:
        yield ((f"{run.status} ({run.error['type']})", "red"),)
    elif shown := _metric(run):
        yield ((shown, "green"),)
    size = sum(int(each.get("size", 0)) for each in run.record.models.values())
    if size:
        yield ((size_text(size), ""),)
    yield ((f"in {run.seconds.get('recording', 0.0) * 1000:.0f} ms", "dim"),)
    left_out = dict.fromkeys(each.what for each in run.skipped if each.rule not in EXPECTED)
    if left_out:
        yield ((f"not recorded: {', '.join(left_out)}"[:200], "yellow"),)
    if held:
        yield ((f"and {held:,} {_runs(held)} before it", "dim"),)


def _spaced(groups: Iterator[tuple[Part, ...]]) -> Iterator[Part]:
    for i, group in enumerate(groups):
        if i:
            yield "  ", ""
        yield from group


def _place(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(os.getcwd()) else str(path)


def _runs(count: int) -> str:
    return "run" if count == 1 else "runs"


def _tell_rest() -> None:
    """At the end of the process: the runs since the last line."""
    held = pace.take_held_back()
    if held:
        with guarded("the last line"):
            inform_user(Line([(f"{held:,} more {_runs(held)}", "bold"), (f" → {_place(_stores[0])}", "dim")]))


def size_text(size: int) -> str:
    """Bytes as 812 B, 1.2 kB, 3.4 MB."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def _metric(run: Run) -> str:
    metrics = run.metrics
    for wanted in PREFERRED:
        for name, value in metrics.items():
            if name.endswith(wanted):
                short = name.removeprefix("training_").removesuffix("_score") if name.startswith("training_") else name
                return f"{short} {value:.3g}"
    for name, value in metrics.items():
        return f"{name} {value:.4g}"
    return ""
