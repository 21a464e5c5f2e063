"""The card of a run in a notebook: the most important facts on one screen; a click opens everything else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fitprint._core import html
from fitprint._runs.known_metrics import KnownMetric, known_metrics
from fitprint._runs.record import FINISHED, Record

MOST_SET, MOST_MISSING, MOST_ALSO = 10, 5, 2
"""How many params that were set, skip reasons and further metrics are shown at once; the rest is among the details."""
_NUMBER = "font-size: 140%; font-weight: 600"
_BAD = "color: #c33; font-weight: 600"


def run_card(record: Record, path: Path, model_path: Path | None) -> str:
    """Return the HTML of a run: the number that people decide by, what was set, what is missing and why, and details.

    Args:
        record: The record of the run.
        path: Its folder.
        model_path: Its model package, or None.
    """
    chosen = {name: value for name, value in record.params.items() if name not in record.default_params}
    parts = [
        html.block(_title(record)),
        _error(record),
        _numbers(known_metrics(record)),
        _set(chosen),
        _missing(record),
        _details(record, chosen, path, model_path),
    ]
    return html.block("".join(parts), "max-width: 60em; line-height: 1.5")


def _title(record: Record) -> str:
    status = html.styled(record.status, html.FAINT if record.status == FINISHED else _BAD)
    return f"<b>{html.text(record.name)}</b> {status}"


def _error(record: Record) -> str:
    if record.error is None:
        return ""
    kind, message = record.error.get("type", ""), record.error.get("message", "")
    return html.block(f"{html.styled(kind, _BAD)}: {html.text(message)}", "margin: 0.3em 0")


def _numbers(metrics: list[KnownMetric]) -> str:
    """Return the number that people decide by, and beneath it the best known ones of other data."""
    if not metrics:
        return ""
    also: dict[str, KnownMetric] = {}
    for metric in metrics[1:]:
        if metric.data != metrics[0].data:
            also.setdefault(metric.data, metric)
    texts = ", ".join(html.text(metric.text()) for metric in list(also.values())[:MOST_ALSO])
    beneath = f'<div style="{html.FAINT}">{texts}</div>' if texts else ""
    return html.block(f'<div style="{_NUMBER}">{html.text(metrics[0].text())}</div>{beneath}', "margin: 0.3em 0")


def _set(chosen: Mapping[str, Any]) -> str:
    return html.table(("", ""), list(chosen.items())[:MOST_SET]) if chosen else ""


def _missing(record: Record) -> str:
    rows = [(skip.what, skip.reason) for skip in record.skipped[:MOST_MISSING]]
    return html.table(("not recorded", "because"), rows) if rows else ""


def _details(record: Record, chosen: Mapping[str, Any], path: Path, model_path: Path | None) -> str:
    as_default = {name: value for name, value in record.params.items() if name in record.default_params}
    more_set = dict(list(chosen.items())[MOST_SET:])
    facts = {
        "run": record.run_id,
        "flavor": " ".join(filter(None, (record.flavor, record.tags.get("framework_version")))),
        "experiment": record.experiment,
        "parent": record.parent_id,
        "started": record.start,
        "ended": record.end,
        **{f"seconds of {name}": seconds for name, seconds in record.seconds.items()},
        "folder": path,
        "model": model_path,
    }
    sections: list[tuple[str, tuple[str, ...], list[tuple[Any, ...]]]] = [
        (_counted(len(record.metrics), "metric"), ("", ""), list(record.metrics.items())),
        (_counted(len(more_set), "more param"), ("", ""), list(more_set.items())),
        (f"{_counted(len(as_default), 'param')} with default values", ("", ""), list(as_default.items())),
        (_counted(len(record.artifacts), "artifact"), ("",), [(name,) for name in record.artifacts]),
        (_counted(len(record.tags), "tag"), ("", ""), list(record.tags.items())),
        (
            f"{_counted(len(record.skipped), 'reason')} why something was not recorded",
            ("what", "by", "because"),
            list(record.skipped) if len(record.skipped) > MOST_MISSING else [],
        ),
        ("the run and its files", ("", ""), [(name, fact) for name, fact in facts.items() if fact not in (None, "")]),
    ]
    return "".join(html.details(summary, html.table(head, rows)) for summary, head, rows in sections if rows)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
