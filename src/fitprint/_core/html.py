"""Tables for a notebook: no script, everything escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitprint._runs.view import RunFacts

LONGEST = 80


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    """An HTML table; every cell is escaped and bounded."""
    titles = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join("<tr>" + "".join(f"<td>{cell(each)}</td>" for each in row) + "</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def cell(value: Any) -> str:
    """A value as escaped text: numbers short, long texts cut."""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = "" if value is None else str(value)
    return escape(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def run(found: RunFacts) -> str:
    """One run: what it is, its metrics, params and files."""
    facts: dict[str, Any] = {
        "run": found.run_id,
        "name": found.name,
        "status": found.status,
        "flavor": found.flavor,
        "start": found.start_time,
        "model": found.model_path,
    }
    if found.error:
        facts["error"] = f"{found.error['type']}: {found.error['message']}"
    parts = [table(("", ""), facts.items(), f"Run {found.name}")]
    parts += [_mapping("Metric", found.metrics), _mapping("Param", found.params)]
    if found.artifacts:
        parts.append(table(("Artifact",), [(each,) for each in found.artifacts]))
    if found.skipped:
        parts.append(table(("Not recorded", "by", "because"), found.skipped))
    return "".join(parts)


def runs(found: Iterable[RunFacts]) -> str:
    """A row per run with the metrics that most of them have."""
    listed = list(found)
    names = common_metrics(listed)
    rows = [
        (
            each.run_id,
            each.name,
            each.status,
            each.start_time[:19],
            *(each.metrics.get(name) for name in names),
        )
        for each in listed
    ]
    return table(("run", "name", "status", "start", *names), rows)


def common_metrics(listed: Sequence[RunFacts], most: int = 4) -> list[str]:
    """The names of the metrics that most runs have, at most so many."""
    counts: dict[str, int] = {}
    for each in listed:
        for name in each.metrics:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: -counts[name])[:most]


def _mapping(kind: str, values: Mapping[str, Any]) -> str:
    return table((kind, "value"), values.items()) if values else ""
