"""The line per recorded run, through the logger ``fitprint``."""

from __future__ import annotations

import logging
import os

from fitprint._guard import guarded, log, tell
from fitprint._run.run import Run

PREFERRED = ("accuracy_score", "r2_score", "best_cv_score", "mean_test_score", "score")

EXPECTED = ("metric", "flavor", "cross-validation", "candidate")
"""Rules whose reasons are in the nature of the model: they stand in the run, and the line is silent about them."""


def tell_run(run: Run) -> None:
    """`fitprint: XGBClassifier → fitprint-runs/0193...  accuracy 0.97  1.2 MB  in 4 ms`."""
    if not log.isEnabledFor(logging.INFO):
        return
    with guarded("the line per run"):
        tell(run_line(run), logging.INFO)


def tell_package(run: Run, name: str, seconds: float) -> None:
    """`fitprint: onnx → fitprint-runs/0193.../onnx  1.2 MB  in 4 ms`: a package that was added to a run."""
    if not log.isEnabledFor(logging.INFO):
        return
    with guarded("the line per run"):
        about = run.record.models[name]
        size = size_text(int(about.get("size", 0)))
        tell(f"{about['flavor']} → {_place(run)}/{name}  {size}  in {seconds * 1000:.0f} ms", logging.INFO)


def run_line(run: Run) -> str:
    """What a run came to, in one line."""
    parts = [f"{run.name} → {_place(run)}"]
    if run.error is not None:
        parts.append(f"{run.status} ({run.error['type']})")
    elif shown := _metric(run):
        parts.append(shown)
    size = sum(int(each.get("size", 0)) for each in run.record.models.values())
    if size:
        parts.append(size_text(size))
    parts.append(f"in {run.seconds.get('recording', 0.0) * 1000:.0f} ms")
    left_out = dict.fromkeys(each.what for each in run.skipped if each.rule not in EXPECTED)
    if left_out:
        parts.append(f"not recorded: {', '.join(left_out)}"[:200])
    return "  ".join(parts)


def _place(run: Run) -> str:
    place = run.final_path  # of a run that is still open: it moves when it ends
    return os.path.relpath(place) if place.is_relative_to(os.getcwd()) else str(place)


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
