"""`fitprint gc`: what dead processes left is closed or removed, packages are thinned out (`gc` itself is Python's)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from fitprint._runs.gc import CLOSED, LEFT, REMOVED, SWEPT, THINNED, Cleaned, clean
from fitprint._runs.retention import Wanted, thin
from fitprint._runs.summary_line import size_text
from fitprint._settings.parsers import size as read_size
from fitprint.cli import options
from fitprint.cli.finding import opened_store
from fitprint.cli.run_rows import STATUS_COLOURS
from fitprint.cli.screen import Screen
from fitprint.cli.tables import Page, styled
from fitprint.cli.texts import as_json as json_text
from fitprint.cli.texts import clean as printable
from fitprint.stores import Store

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*")


def _seconds(context: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """A time span given as `90s`, `30m`, `12h`, `7d` or `2w`."""
    if value is None:
        return None
    found = _AGE.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is no age: give a number and a unit, as in 90s, 30m, 12h, 7d or 2w")
    return float(found[1]) * _SECONDS[found[2]]


def _size(context: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A size given as `10GB`, `1.5GiB` or a number of bytes."""
    try:
        size: int | None = read_size(value)
        return size
    except ValueError as error:
        raise click.BadParameter(f"{value!r} cannot be read; accepted: {error}") from None


@click.command(short_help="Clean up after processes that died; thin out packages.")
@options.store
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--older-than",
    callback=_seconds,
    metavar="AGE",
    help="Also close runs of other machines that nothing was written to for so long: 12h, 7d, 2w.",
)
@click.option("--keep-models", type=click.IntRange(min=0), metavar="K", help="Remove all packages but the best K.")
@click.option("--max-size", callback=_size, metavar="SIZE", help="Remove packages until all fit: 10GB, 1.5GiB.")
@click.option("--by", metavar="METRIC", help="What makes a package a good one; by default the newest are.")
@click.option("--lowest/--highest", default=None, help="Which values of METRIC are good; by default as its name says.")
@click.option("--experiment", metavar="NAME", help="Thin out the packages of this experiment alone.")
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
    """Clean up after processes that died while they recorded; with --keep-models or --max-size, thin out packages.

    A run whose process is gone is closed as KILLED, with the time of its last sign of life as its end: its params,
    metrics, artifacts and complete packages stay. Removed are half packages, half written files, and folders that
    never became a run. Runs of living processes are left alone; of another machine's it cannot be told from here
    whether they live: they are left alone too, but for --older-than.

    Packages that are thinned out go for good, the least good first; their runs stay, and say when and why.
    """
    wanted = _wanted(**thinning)
    opened = opened_store(store)
    found = list(clean(opened, older_than, dry_run))
    if wanted is not None:
        found += thin(opened, wanted, older_than, dry_run)
    if as_json:
        rows = [asdict(each) for each in found]
        click.echo(json_text({"store": opened.location, "dry_run": dry_run, "runs": rows}))
    else:
        _show(opened, found, dry_run)
    if any(each.failed for each in found):
        context.exit(1)


def _wanted(
    keep_models: int | None, max_size: int | None, by: str | None, lowest: bool | None, experiment: str | None
) -> Wanted | None:
    """What is to stay of the packages; None where none is to go."""
    if keep_models is None and max_size is None:
        if by is not None or lowest is not None or experiment is not None:
            raise click.UsageError("say how many packages are to stay, with --keep-models or --max-size")
        return None
    if lowest is not None and by is None:
        raise click.UsageError("--lowest and --highest say which values of a metric are good: name it with --by")
    return Wanted(keep_models, max_size, by, lowest, experiment)


def _show(store: Store, found: Sequence[Cleaned], dry_run: bool) -> None:
    done = [each for each in found if each.did != LEFT]
    if found:
        screen = Screen.of_stdout()
        page = Page(screen)
        page.rows([_cells(each, dry_run) for each in found], ("run", "name", "status", "what"), folds=True)
        page.print()
    if done:
        click.echo(_summary(done, dry_run))
    else:
        click.echo(f"nothing to clean up in {printable(store.location)}")


def _cells(each: Cleaned, dry_run: bool) -> tuple[Any, ...]:
    status = styled(each.status, STATUS_COLOURS.get(each.status))
    return each.run_id, each.name, status, _what(each, dry_run)


def _what(each: Cleaned, dry_run: bool) -> str:
    """`closed`, `removed: it never got a record`, `closed; half done, removed: .package-0 (1.2 MB)`."""
    if each.did == LEFT:
        return f"{'cannot be cleaned up' if each.failed else 'left alone'}: {each.reason}"
    would = "would be " if dry_run else ""
    if each.did == REMOVED:
        return f"{would}removed: {each.reason}"
    if each.did == THINNED:
        return f"{would}removed: package {each.removed[0]} ({size_text(each.freed)}), {each.reason}"
    half = f"half done, {would}removed: {', '.join(each.removed)} ({size_text(each.freed)})" if each.removed else ""
    return "; ".join(part for part in (f"{would}closed" if each.did == CLOSED else "", half) if part)


def _summary(done: Sequence[Cleaned], dry_run: bool) -> str:
    """`closed 3 runs, removed 1 folder without a record, freed 1.2 MB`."""
    counts = {did: sum(each.did == did for each in done) for did in (CLOSED, SWEPT, REMOVED, THINNED)}
    parts = [
        _counted("closed", counts[CLOSED], "run"),
        _counted("swept", counts[SWEPT], "ended run"),
        _counted("removed", counts[REMOVED], "folder", " without a record"),
        _counted("removed", counts[THINNED], "package"),
    ]
    freed = sum(each.freed for each in done)
    if freed:
        parts.append(f"freed {size_text(freed)}")
    return ("dry run, nothing was done: " if dry_run else "") + ", ".join(part for part in parts if part)


def _counted(verb: str, count: int, noun: str, rest: str = "") -> str:
    return f"{verb} {count:,} {noun}{'s' if count != 1 else ''}{rest}" if count else ""
