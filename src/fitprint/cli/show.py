"""`fitprint show`: one run, with all that was recorded of it, and why the rest was not."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from fitprint._runs.known_metrics import deciding_metric, known_metric, place
from fitprint._runs.merge import count_steps
from fitprint._runs.record import RUNNING
from fitprint._runs.run import Run, record_of
from fitprint._runs.summary_line import size_text
from fitprint.cli import options, packages
from fitprint.cli.follow import follow_run
from fitprint.cli.lookup import Reading, found_run
from fitprint.cli.render import FOLDED, Columns, Page, signature_rows, size_or_missing, styled, terminal_width
from fitprint.cli.runs_table import STATUS_STYLES, add_runs
from fitprint.cli.texts import as_json as json_text
from fitprint.cli.texts import duration, number_text, seconds_since, time_text, value_text
from fitprint.models.errors import PackageError
from fitprint.stores import Store
from fitprint.stores.layout import ARTIFACTS

MOST_CHILDREN = 50
MOST_OF_SIGNATURE = 20
"""The columns of a signature that are shown; `fitprint inspect` has all of them."""


@click.command()
@click.argument("run")
@options.store
@options.as_json
@click.option(
    "--follow",
    is_flag=True,
    help="Print the metrics that are added until the run ends; with --json, each value on a line, from the first on.",
)
def show(run: str, store: str | None, as_json: bool, follow: bool) -> None:
    """Show one run.

    RUN is an id or the beginning of one, "last" (the newest run; of a search, the search itself), or the folder of a
    run.
    """
    selected, opened = found_run(run, store)
    if follow:
        follow_run(opened, selected.run_id, as_json)
        return
    children = Reading(opened).children(selected)
    document = _document(selected, children, opened)
    if as_json:
        click.echo(json_text(document))
    else:
        _page(document, selected, children, opened)


def _document(run: Run, children: list[Run], store: Store) -> dict[str, Any]:
    folder = run.path
    return {
        "run_id": run.run_id,
        "name": run.name,
        "status": run.status,
        "flavor": run.flavor,
        "experiment": run.experiment,
        "parent_id": run.parent_id,
        "path": str(folder),
        "start": run.start_time,
        "end": run.end_time,
        "seconds": run.seconds,
        "process": record_of(run).process,
        "error": run.error,
        "params": run.params,
        "default_params": run.default_params,
        "metrics": run.metrics,
        "evaluations": run.evaluations,
        "steps": count_steps(store, run.run_id),
        "tags": run.tags,
        "artifacts": [{"name": name, "size": _size(folder / ARTIFACTS / str(name))} for name in run.artifacts],
        "checkpoints": [asdict(checkpoint) for checkpoint in run.checkpoints],
        "models": [_model(name, about, folder) for name, about in record_of(run).models.items()],
        "skipped": [skip._asdict() for skip in run.skipped],
        "children": [
            {"run_id": child.run_id, "name": child.name, "status": child.status, "metrics": child.metrics}
            for child in children
        ],
    }


def _size(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except (OSError, ValueError):
        return None


def _model(name: str, about: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a package of the run; of a broken one, what is wrong with it."""
    model = {"name": name, "path": str(folder / name), **about}
    model |= {"signature": None, "requirements": [], "files": [], "problem": None}
    try:
        package = packages.read_package(folder / name)
        model |= {"signature": package.signature, "requirements": package.requirements}
        model["files"] = packages.files(folder / name)
    except (PackageError, OSError) as error:
        model["problem"] = str(error)
    return model


def _page(document: dict[str, Any], run: Run, children: list[Run], store: Store) -> None:
    """Print first what the run came to, what was set for it, and what is missing; details come last."""
    page = Page()
    _first_line(page, run)
    page.facts(_facts(run, document))
    if run.error:
        page.title("Error")
        page.table([(styled(run.error.get("type", ""), "red"), str(run.error.get("message", "")))], FOLDED)
    as_default = {name: value for name, value in document["params"].items() if name in document["default_params"]}
    chosen = {name: value for name, value in document["params"].items() if name not in as_default}
    if chosen:
        remark = f"{len(as_default)} more have default values" if as_default else ""
        page.mapping("Params", chosen, remark, folds=True)
    elif as_default:
        page.title("Params", f"all {len(as_default)} have default values")
    if run.metrics:
        page.title("Metrics")
        page.table(_metrics(run, document["steps"]), Columns(right=(1,)))
    if run.skipped:
        page.title("Not recorded")
        rows = [(str(skip.what), str(skip.rule), str(skip.reason)) for skip in run.skipped]
        page.table(rows, Columns(("what", "by", "because"), folds=True))
    if children:
        _children(page, children, list(store.run_ids()))
    for model in document["models"]:
        _show_model(page, model)
    if document["checkpoints"]:
        page.title("Checkpoints", "`fitprint package RUN --checkpoint NUMBER` makes a package of one")
        page.table(_checkpoints(run), Columns(("number", "path", "step", "score", "size"), right=(0, 2, 4)))
    if document["artifacts"]:
        page.title("Artifacts")
        _files(page, document["artifacts"])
    page.mapping("Tags", document["tags"])
    _defaults(page, as_default)
    page.print()


def _first_line(page: Page, run: Run) -> None:
    metric = deciding_metric(record_of(run))
    parts = [(run.name, "bold"), ("  ", ""), (run.status, STATUS_STYLES.get(run.status, ""))]
    page.line(*parts, *([("  ", ""), (metric.text(), "bold")] if metric is not None else []))


def _defaults(page: Page, as_default: dict[str, Any]) -> None:
    """Add the params that nobody has set: as one text where a terminal folds it, else on a line each."""
    title = "Params with default values"
    if terminal_width() is None or not as_default:
        page.mapping(title, as_default)
    else:
        page.title(title)
        page.table([(", ".join(f"{name}={value_text(value)}" for name, value in as_default.items()),)], FOLDED)


def _metrics(run: Run, steps: dict[str, int]) -> list[tuple[str, ...]]:
    """Return a row for each metric: first those that say how good the model is, the best ones to decide by first."""
    record = record_of(run)
    known = {name: known_metric(record, name) for name in record.metrics}
    telling = [metric.name for metric in sorted(filter(None, known.values()), key=place)]
    rows: list[tuple[str, ...]] = []
    for name in dict.fromkeys([*telling, *record.metrics]):
        metric, count = known[name], steps.get(name, 0)
        remarks = [metric.data if metric is not None else "", f"{count:,} steps" if count > 1 else ""]
        rows.append((name, number_text(record.metrics[name]), ", ".join(filter(None, remarks))))
    return rows


def _checkpoints(run: Run) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for number, checkpoint in enumerate(run.checkpoints, 1):
        score = (
            "" if checkpoint.score is None else f"{checkpoint.monitor or ''} {number_text(checkpoint.score)}".strip()
        )
        size = "deleted" if checkpoint.deleted else "" if checkpoint.size is None else size_text(checkpoint.size)
        step = "" if checkpoint.step is None else str(checkpoint.step)
        rows.append((str(number), checkpoint.path, step, score, size))
    return rows


def _facts(run: Run, document: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        ("run", run.run_id),
        ("flavor", " ".join(filter(None, (run.flavor, run.tags.get("framework_version"))))),
        ("experiment", run.experiment),
        ("parent", run.parent_id),
        ("started", time_text(run.start_time)),
        ("ended", _end(run)),
        ("training", duration(run.seconds.get("training"))),
        ("recording", duration(run.seconds.get("recording"))),
        ("folder", document["path"]),
    ]


def _end(run: Run) -> str:
    process = f"process {record_of(run).process.get('pid')} on {record_of(run).process.get('host')}"
    if run.status == RUNNING:
        return f"open for {duration(seconds_since(run.start_time))}, in {process}"
    return time_text(run.end_time) if run.end_time else f"never: {process} is gone"


def _children(page: Page, children: list[Run], run_ids: list[str]) -> None:
    first_children = children[:MOST_CHILDREN]
    page.title("Children", f"the first {MOST_CHILDREN} of {len(children):,}" if len(children) > MOST_CHILDREN else "")
    add_runs(page, [(child, 0) for child in first_children], run_ids)


def _show_model(page: Page, model: dict[str, Any]) -> None:
    size = model.get("size")
    about = (model.get("flavor"), size_text(size) if isinstance(size, int) else None)
    page.title(f"Model {model['name']}", ", ".join(str(fact) for fact in about if fact))
    if model["problem"]:
        page.table([(styled("broken", "red"), model["problem"])], FOLDED)
        return
    if model["signature"]:
        rows = signature_rows(model["signature"])
        page.table(rows, Columns(styles=("dim",)), most=MOST_OF_SIGNATURE)
    else:
        page.line(("  no signature", "dim"))
    page.line()
    _files(page, model["files"])
    if model["requirements"]:
        page.line()
        page.facts([("requires", ", ".join(model["requirements"]))])


def _files(page: Page, files: list[dict[str, Any]]) -> None:
    page.table([(str(file["name"]), size_or_missing(file["size"])) for file in files], Columns(right=(1,)))
