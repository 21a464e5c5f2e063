"""scikit-learn's own tests with recording on and without: the difference, which has to be empty.

    make transparency

Each part of the tests runs in processes of its own: bare, with everything recorded, and without models and training
metrics, always in the same order and from the same seeds. A test is the same when its outcome is, what it says when it
fails or is skipped, its warnings (category, text, file, line and how many times), and the random numbers and the
filters of warnings that it leaves. What differs is run bare once more, with its whole part: a test that then differs
from itself is unsteady, and named as such; so are the few that count how often a model predicts. Exit code 1 when there
is a difference.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comparing import differing, explained
from parts import COUNTING, PARTS, SMALL
from running import BARE, EVERYTHING, LIGHT, MEMORY, Came, run_part

AIM = 1.5
"""The most that a run without models and training metrics may cost, as a multiple of the bare one."""


@dataclass
class Compared:
    """A part in all modes."""

    came: dict[str, Came]
    differences: dict[str, list[str]] = field(default_factory=dict)
    """By mode, without what is unsteady."""
    unsteady: list[str] = field(default_factory=list)
    counting: list[str] = field(default_factory=list)
    """Those that count calls which recording makes too."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be given several times")
    parser.add_argument("--small", action="store_true", help="only the small part that `make test` runs")
    parser.add_argument("--mode", action="append", choices=[EVERYTHING, LIGHT], help="only this way of recording")
    parser.add_argument("--processes", type=int, default=2, help="at a time; 2 by default")
    parser.add_argument("--first", type=int, default=20, help="so many differences of each part are shown")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    chosen = {name: PARTS[name] for name in given.part or PARTS} if not given.small else {"small": SMALL}
    folder = Path(tempfile.mkdtemp(prefix="transparency-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        found, unfinished = compare_all(chosen, given.mode or [EVERYTHING, LIGHT], folder, given.processes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(*unfinished, sep="\n", file=sys.stderr)
    if not found:
        return 1
    figures = summed(found.values())
    if given.json:
        print(json.dumps(figures))
        print(*told(found, given.first), sep="\n", file=sys.stderr)
    else:
        print(table(found), *told(found, given.first), conclusion(figures), sep="\n")
    return 1 if unfinished or any(figures["differences"].values()) else 0


def compare_all(
    parts: dict[str, tuple[str, ...]], modes: list[str], folder: Path, processes: int
) -> tuple[dict[str, Compared], list[str]]:
    """Runs every part in every mode, the modes of a part side by side: what slows the machine meets them all.

    Gives also what did not come to its end; the other parts are compared all the same.
    """
    found, unfinished = {}, []
    with ThreadPoolExecutor(processes) as pool:
        started: dict[str, dict[str, Future[Came]]] = {
            part: {mode: pool.submit(run_part, files, mode, folder / f"{part}-{mode}") for mode in (BARE, *modes)}
            for part, files in parts.items()
        }
        again = {}
        for part, futures in started.items():
            try:
                compared = found[part] = Compared({mode: future.result() for mode, future in futures.items()})
            except RuntimeError as error:
                unfinished.append(f"{part}: {error}")
                continue
            differ = {mode: len(differing(compared.came[BARE], compared.came[mode])) for mode in modes}
            print(
                f"... {part}: {', '.join(f'{count} differ, {mode}' for mode, count in differ.items())}", file=sys.stderr
            )
            if any(differ.values()):
                again[part] = pool.submit(run_part, parts[part], BARE, folder / f"{part}-again")
        for part, future in again.items():
            try:
                settle(found[part], future.result())
            except RuntimeError as error:
                unfinished.append(f"{part}, the second time: {error}")
                settle(found[part], found[part].came[BARE])  # nothing is excused then
    return found, unfinished


def settle(part: Compared, again: Came) -> None:
    """Tells what differs through recording from what differs between two bare runs too."""
    bare = part.came[BARE]
    differs_anyway = set(differing(bare, again))
    for mode in list(part.came)[1:]:
        names = differing(bare, part.came[mode])
        counting = [name for name in names if counts_calls(name, mode)]
        part.counting += [name for name in counting if name not in part.counting]
        part.differences[mode] = [name for name in names if name not in differs_anyway and name not in counting]
        part.unsteady += [name for name in names if name in differs_anyway and name not in part.unsteady]


def counts_calls(name: str, mode: str) -> bool:
    return mode == EVERYTHING and name.rpartition("::")[2].startswith(COUNTING)


# ---- what is printed


def summed(found: Iterable[Compared]) -> dict[str, Any]:
    """The figures of some parts together."""
    parts = list(found)
    modes = list(parts[0].came)
    differences = {mode: [name for part in parts for name in part.differences.get(mode, [])] for mode in modes[1:]}
    seconds = {mode: sum(part.came[mode].seconds for part in parts) for mode in modes}
    return {
        "tests": sum(len(tests_of(part.came[BARE])) for part in parts),
        "outcomes": sum((outcomes(part.came[BARE]) for part in parts), Counter()),
        "warnings": sum(count_warnings(part.came[BARE]) for part in parts),
        "runs": {mode: sum(part.came[mode].runs for part in parts) for mode in modes[1:]},
        "differences": differences,
        "unsteady": [name for part in parts for name in part.unsteady],
        "counting": [name for part in parts for name in part.counting],
        "seconds": {mode: round(value, 1) for mode, value in seconds.items()},
        "ratios": {mode: round(seconds[mode] / seconds[BARE], 3) for mode in modes[1:]},
        "failed_steps": dict(sum((part.came[mode].failed_steps for part in parts for mode in modes), Counter())),
    }


def tests_of(came: Came) -> list[dict[str, Any]]:
    return [value for value in came.tests.values() if value["outcome"]]


def outcomes(came: Came) -> Counter[str]:
    return Counter(test["outcome"] for test in tests_of(came))


def count_warnings(came: Came) -> int:
    return sum(warned[-1] for value in came.tests.values() for warned in value["warnings"])


def table(found: dict[str, Compared]) -> str:
    """A row per part, and one for all."""
    modes = list(next(iter(found.values())).came)
    heads = [f"{mode}: runs | differences | CPU s" for mode in modes[1:]]
    rows = [f"| part | tests | outcomes | warnings | bare: CPU s | {' | '.join(heads)} |"]
    rows.append("|---" * (rows[0].count("|") - 1) + "|")
    figures = {name: summed([compared]) for name, compared in found.items()} | {"all": summed(found.values())}
    for name, figure in figures.items():
        came = ", ".join(f"{count:,} {outcome}" for outcome, count in figure["outcomes"].items())
        cells = [name, f"{figure['tests']:,}", came, f"{figure['warnings']:,}", f"{figure['seconds'][BARE]:,.1f}"]
        for mode in modes[1:]:
            seconds = f"{figure['seconds'][mode]:,.1f} ({figure['ratios'][mode]:.2f} times)"
            cells += [f"{figure['runs'][mode]:,}", str(len(figure["differences"][mode])), seconds]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def told(found: dict[str, Compared], most: int) -> list[str]:
    """The first differences of each part with both sides, the unsteady tests, and what was not recorded."""
    lines = []
    for part, compared in found.items():
        for mode, names in compared.differences.items():
            if names:
                lines += ["", f"{part}, {mode}: {len(names)} tests differ"]
            for name in names[:most]:
                lines += explained(name, compared.came[BARE], compared.came[mode])
    figures = summed(found.values())
    if figures["unsteady"]:
        lines += ["", "differ between two runs without fitprint too:", *figures["unsteady"]]
    if figures["counting"]:
        lines += ["", "count how often a model predicts, which recording makes it do too:", *figures["counting"]]
    if figures["failed_steps"]:
        lines += ["", "steps of recording that failed, and in how many runs:"]
        lines += [f"{count:6,}  {what}" for what, count in Counter(figures["failed_steps"]).most_common(most)]
    return lines


def conclusion(figures: dict[str, Any]) -> str:
    differences = ", ".join(f"{len(names)} with {mode}" for mode, names in figures["differences"].items())
    runs = ", ".join(f"{count:,} with {mode}" for mode, count in figures["runs"].items())
    lines = ["", f"{figures['tests']:,} tests; differences: {differences}; runs recorded: {runs}"]
    ratio = figures["ratios"].get(LIGHT)
    if ratio is not None:
        verdict = "over the aim" if ratio > AIM else "within the aim"
        lines.append(f"CPU time without models and training metrics: {ratio:.2f} times the bare ({verdict}: {AIM})")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
