"""`fitprint gc`: close or remove what dead processes left behind, and remove packages that are no longer wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from fitprint._runs.gc import CLOSED, LEFT, REMOVED, SWEPT, THINNED, Cleaned, clean
from fitprint._runs.retention import RetentionPolicy, thin
from fitprint._runs.summary_line import size_text
from fitprint._settings.parsers import size as read_size
from fitprint.cli import options
from fitprint.cli.lookup import opened_store
from fitprint.cli.render import Columns, Page, styled
from fitprint.cli.runs_table import STATUS_STYLES
from fitprint.cli.texts import as_json as json_text
from fitprint.cli.texts import clean as printable
from fitprint.stores import Store

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*")


def _seconds(context: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Read a time span such as `90s`, `30m`, `12h`, `7d` or `2w`."""
    if value is None:
        return None
    match = _AGE.fullmatch(value)
    if match is None:
        raise click.BadParameter(f"{value!r} is not an age: give a number and a unit, as in 90s, 30m, 12h, 7d or 2w")
    return float(match[1]) * _SECONDS[match[2]]


def _size(context: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Read a size such as `10GB`, `1.5GiB`, or a number of bytes."""
    try:
        size: int | None = read_size(value)
        return size
    except ValueError as error:
        raise click.BadParameter(f"{value!r} cannot be read; accepted: {error}") from None


@click.command(short_help="Clean up after processes that died; remove old packages.")
@options.store
@click.option("--dry-run", is_flag=True, help="Only print what would be done.")
@click.option(
    "--older-than",
    callback=_seconds,
    metavar="AGE",
    help="Also close runs of other machines that nothing was written to for this long: 12h, 7d, 2w.",
)
@click.option("--keep-models", type=click.IntRange(min=0), metavar="K", help="Remove all packages but the best K.")
@click.option(
    "--max-size", callback=_size, metavar="SIZE", help="Remove packages until the others fit in: 10GB, 1.5GiB."
)
@click.option("--by", metavar="METRIC", help="The metric that ranks packages; without it the newest are the best.")
@click.option(
    "--lowest/--highest", default=None, help="Which values of METRIC are the best; by default its name decides."
)
@click.option("--experiment", metavar="NAME", help="Remove packages of this experiment only.")
@options.as_json
@click.pass_context
def gc(
    context: click.Context,
    /,
    store: str | None,
    dry_run: bool,
    older_than: float | None,
    as_json: bool,
    **thinning: Any,
) -> None:
    """Clean up after processes that died while they recorded; with --keep-models or --max-size, remove packages.

    A run whose process has died is closed as KILLED; its end is the last sign of life. Its params, metrics, artifacts
    and complete packages stay. Incomplete packages, partly written files, and folders that never became a run are
    removed. Runs of living processes are not changed. It is not known here whether a process on another machine is
    alive, so the runs of other machines are not changed either, unless --older-than says otherwise.

    --keep-models and --max-size remove packages for good, the worst first; their runs stay, and record when and why.
    """
    policy = _policy(**thinning)
    opened = opened_store(store)
    results = list(clean(opened, older_than, dry_run))
    if policy is not None:
        results += thin(opened, policy, older_than, dry_run)
    if as_json:
        rows = [asdict(result) for result in results]
        click.echo(json_text({"store": opened.location, "dry_run": dry_run, "runs": rows}))
    else:
        _show(opened, results, dry_run)
    if any(result.failed for result in results):
        context.exit(1)


def _policy(
    keep_models: int | None, max_size: int | None, by: str | None, lowest: bool | None, experiment: str | None
) -> RetentionPolicy | None:
    """Return which packages are to stay, or None if none is to be removed."""
    if keep_models is None and max_size is None:
        if by is not None or lowest is not None or experiment is not None:
            raise click.UsageError("say how many packages are to stay: use --keep-models or --max-size")
        return None
    if lowest is not None and by is None:
        raise click.UsageError(
            "--lowest and --highest say which values of a metric are the best: name the metric with --by"
        )
    return RetentionPolicy(keep_models, max_size, by, lowest, experiment)


def _show(store: Store, results: Sequence[Cleaned], dry_run: bool) -> None:
    done = [result for result in results if result.did != LEFT]
    if results:
        page = Page()
        head = ("run", "name", "status", "what")
        page.table([_cells(result, dry_run) for result in results], Columns(head, folds=True))
        page.print()
    if done:
        click.echo(_summary(done, dry_run))
    else:
        click.echo(f"nothing to clean up in {printable(store.location)}")


def _cells(result: Cleaned, dry_run: bool) -> tuple[Any, ...]:
    status = styled(result.status, STATUS_STYLES.get(result.status))
    return result.run_id, result.name, status, _what(result, dry_run)


def _what(result: Cleaned, dry_run: bool) -> str:
    """Return for example `closed`, or `incomplete, removed: .package-0 (1.2 MB)`."""
    if result.did == LEFT:
        return f"{'cannot be cleaned up' if result.failed else 'left alone'}: {result.reason}"
    would = "would be " if dry_run else ""
    if result.did == REMOVED:
        return f"{would}removed: {result.reason}"
    if result.did == THINNED:
        return f"{would}removed: package {result.removed[0]} ({size_text(result.freed)}), {result.reason}"
    incomplete = (
        f"incomplete, {would}removed: {', '.join(result.removed)} ({size_text(result.freed)})" if result.removed else ""
    )
    return "; ".join(part for part in (f"{would}closed" if result.did == CLOSED else "", incomplete) if part)


def _summary(done: Sequence[Cleaned], dry_run: bool) -> str:
    """Return for example `closed 3 runs, removed 1 folder without a record, freed 1.2 MB`."""
    counts = {did: sum(result.did == did for result in done) for did in (CLOSED, SWEPT, REMOVED, THINNED)}
    parts = [
        _counted("closed", counts[CLOSED], "run"),
        _counted("swept", counts[SWEPT], "ended run"),
        _counted("removed", counts[REMOVED], "folder", " without a record"),
        _counted("removed", counts[THINNED], "package"),
    ]
    freed = sum(result.freed for result in done)
    if freed:
        parts.append(f"freed {size_text(freed)}")
    return ("dry run, nothing was done: " if dry_run else "") + ", ".join(part for part in parts if part)


def _counted(verb: str, count: int, noun: str, rest: str = "") -> str:
    return f"{verb} {count:,} {noun}{'s' if count != 1 else ''}{rest}" if count else ""
