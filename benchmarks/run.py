"""All benchmarks side by side, on this machine and in one run; the table goes into benchmarks/README.md.

    make bench

MLflow runs in an environment of its own, whose interpreter FITPRINT_MLFLOW3_PYTHON names; without it its column is
empty.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
from cases import CASES, MIXED, MODELS
from deep import DEEP_CASES
from measure import CONTENDERS
from starting import milliseconds

MEMORY = "/dev/shm"
"""Where there is a file system in memory the stores lie there: what a disk takes for a new file varies by the hour."""
BEGIN, END = "<!-- results -->", "<!-- end of results -->"
VERSIONS = ("fitprint", "scikit-learn", "xgboost-cpu", "numpy", "pandas", "wrapt", "cloudpickle", "PyYAML")

Row = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender is measured, in turn")
    parser.add_argument("--case", action="append", help="only cases whose name has this in it")
    parser.add_argument("--deep", action="store_true", help="only the frameworks of deep learning")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    given = parser.parse_args()
    if Path(MEMORY).is_dir():
        os.environ["TMPDIR"] = MEMORY
    if given.deep:
        print(deep_table())
        return
    chosen = [name for name in CASES if not given.case or any(part in name for part in given.case)]
    rows = {name: compare(name, given.rounds) for name in chosen}
    parts = [heading(), fits_table(rows), targets_table(rows)]
    if not given.case:
        parts += [other_table(whole_figures()), limits_table(), enforcement_table(), held_out_table()]
        parts += [evaluating_table(given.rounds), deep_table(), serving_table(given.rounds)]
    text = "\n\n".join(parts)
    print(text)
    if given.write:
        write(text)


def compare(name: str, rounds: int) -> Row:
    """The contenders in turn, round after round, so that a drift of the machine meets them all; the best of each."""
    found: dict[str, list[dict[str, float]]] = {}
    for turn in range(rounds):
        for contender in CONTENDERS:
            if contender == "mlflow" and (turn or not os.environ.get("FITPRINT_MLFLOW3_PYTHON")):
                continue
            print(f"... {name}: {contender}", file=sys.stderr)
            found.setdefault(contender, []).append(_measured(name, contender))
    return {contender: min(values, key=lambda value: value["cpu"]) for contender, values in found.items()}


def _measured(name: str, contender: str) -> dict[str, float]:
    python = os.environ["FITPRINT_MLFLOW3_PYTHON"] if contender == "mlflow" else sys.executable
    command = [python, str(HERE / "measure.py"), name, contender]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{name} under {contender} failed:\n{done.stdout}\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def fits_table(rows: dict[str, Row]) -> str:
    """CPU milliseconds of one training with each contender."""
    lines = [
        "| CPU ms of one training | bare | bare + pickle | fitprint, no training metrics | fitprint | MLflow |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        cells = [_ms(row, contender) for contender in ("bare", "pickle", "fitprint, no metrics", "fitprint", "mlflow")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def targets_table(rows: dict[str, Row]) -> str:
    """What was aimed at, and what was reached."""
    lines = ["| aim | reached | |", "|---|---|---|"]
    for name in ("LogisticRegression, iris", "Pipeline, iris"):
        if name in rows:
            lines.append(_over(rows[name], name, "fitprint, no metrics", 1.5))
            lines.append(_over(rows[name], name, "fitprint", 3))
    if (name := "KNN, 20k x 20") in rows:
        seconds = rows[name]["fitprint"]["cpu"]
        lines.append(_line(f"{name}: at most 0.3 s", f"{seconds:.2f} s", seconds <= 0.3))
    lines += _of_frames(rows)
    if (name := "xgboost.train, 1000 rounds, 2 evals") in rows:
        ratio = rows[name]["fitprint"]["cpu"] / rows[name]["bare"]["cpu"]
        lines.append(_line(f"{name}: at most 1.05 times bare", f"{ratio:.3f} times", ratio <= 1.05))
    if (name := "forest of 300 MB") in rows:
        row = rows[name]
        ratio = row["fitprint, no metrics"]["cpu"] / row["pickle"]["cpu"]
        lines.append(_line(f"{name}: at most 1.3 times bare + pickle in time", f"{ratio:.2f} times", ratio <= 1.3))
        peaks = {contender: value["peak"] for contender, value in row.items()}
        over = peaks["fitprint, no metrics"] - peaks["bare"]
        shown = ", ".join(f"{contender} {value:.0f}" for contender, value in peaks.items())
        lines.append(_line(f"{name}: no second copy in memory (peak MB)", shown, over < 100))
    return "\n".join(lines)


def _of_frames(rows: dict[str, Row]) -> list[str]:
    """What named columns cost, beside the same numbers without names and beside the bare training."""
    lines = []
    for model in MODELS:
        few, array = f"{model}, frame of 30 columns", f"{model}, array of 30 columns"
        if few in rows and array in rows:
            ratio = rows[few]["fitprint"]["cpu"] / rows[array]["fitprint"]["cpu"]
            lines.append(_line(f"{few}: at most 1.5 times the array", f"{ratio:.2f} times", ratio <= 1.5))
        for table, most in (("frame of 3,000 columns", 1.5), (MIXED, 2)):
            if (name := f"{model}, {table}") in rows:
                ratio = rows[name]["fitprint, no metrics"]["cpu"] / rows[name]["bare"]["cpu"]
                aim = f"{name}, no metrics: at most {most:g} times bare"
                lines.append(_line(aim, f"{ratio:.2f} times", ratio <= most))
    return lines


def _over(row: Row, name: str, contender: str, aim: float) -> str:
    more = (row[contender]["cpu"] - row["bare"]["cpu"]) * 1000
    return _line(f"{name}, {contender}: at most {aim:g} ms more than bare", f"{more:.2f} ms", more <= aim)


def _line(aim: str, reached: str, good: bool) -> str:
    return f"| {aim} | {reached} | {'yes' if good else '**no**'} |"


def _ms(row: Row, contender: str) -> str:
    return f"{row[contender]['cpu'] * 1000:,.1f}" if contender in row else ""


def whole_figures() -> dict[str, Any]:
    """Starting, growing and listing."""
    found: dict[str, Any] = {}
    for script, argument in (("starting.py", ""), ("store.py", "flat"), ("store.py", "list"), ("store.py", "files")):
        print(f"... {script} {argument}", file=sys.stderr)
        command = [sys.executable, str(HERE / script), *([argument] if argument else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[argument or "start"] = json.loads(done.stdout.strip().splitlines()[-1])
    if python := os.environ.get("FITPRINT_MLFLOW3_PYTHON"):
        found["start"]["mlflow"] = milliseconds(python, "mlflow", 3)
    return found


def other_table(found: dict[str, Any]) -> str:
    """The figures that are not of a training."""
    start, flat, listing = found["start"], found["flat"], found["list"]
    more = start["fitprint"] - start["wrapt"]
    growth = flat["at 2000"] / flat["at 20"]
    shown = f"{more:.1f} ms (wrapt {start['wrapt']:.0f}, MLflow {start.get('mlflow', float('nan')):,.0f})"
    fits = f"{flat['at 20']:.2f} ms at the 20th, {flat['at 2000']:.2f} ms at the 2000th"
    lists = f"{listing['newest']:.2f} s, with --all {listing['all']:.2f} s"
    return "\n".join(
        [
            "| aim | reached | |",
            "|---|---|---|",
            _line("`import fitprint; fitprint.autolog()`: at most 25 ms more than `import wrapt`", shown, more <= 25),
            _line("a fit costs as much at the 2000th run of a store as at the 20th", fits, growth <= 1.15),
            f"| for comparison: the files of one small run, written bare | {found['files']['files']:.2f} ms | |",
            _line("`fitprint runs` over 10,000 runs: under 2 s", lists, max(listing.values()) < 2),
        ]
    )


def limits_table() -> str:
    """A limit that is hit, and the cost of a rule."""
    found: dict[str, dict[str, float]] = {}
    for what in ("size", "rule"):
        print(f"... limits.py {what}", file=sys.stderr)
        command = [sys.executable, str(HERE / "limits.py"), what]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[what] = json.loads(done.stdout.strip().splitlines()[-1])
    size, rule = found["size"], found["rule"]
    times = size["hit"] / size["written"]
    hit = f"{times:.2f} times ({size['hit']:.1f} ms; bare pickle of 10 MB {size['pickled']:.1f} ms)"
    more = rule["with"] / rule["without"]
    shown = f"{more:.3f} times ({rule['without']:.2f} ms without, {rule['with']:.2f} ms with)"
    return "\n".join(
        [
            "| aim | reached | |",
            "|---|---|---|",
            _line(
                f"`max_model_size` of 10 MB, hit by a forest of {size['megabytes']:.0f} MB: at most 1.2 times "
                "writing 10 MB",
                hit,
                times <= 1.2,
            ),
            f"| for comparison: a recorded fit of GaussianNB, iris, with a rule of the caller's | {shown} | |",
            f"| for comparison: the same fit when the rule has a reason | {rule['skipping']:.2f} ms | |",
        ]
    )


def enforcement_table() -> str:
    """Enforcing a signature beside MLflow's own enforcement, and a prediction through it beside the bare one."""
    pythons = {"fitprint": sys.executable, "mlflow": os.environ.get("FITPRINT_MLFLOW3_PYTHON", "")}
    found: dict[str, dict[str, float]] = {}
    for contender, python in pythons.items():
        print(f"... enforcement.py {contender}", file=sys.stderr)
        command = [python, str(HERE / "enforcement.py"), contender]
        done = subprocess.run(command, capture_output=True, text=True, check=True) if python else None
        found[contender] = json.loads(done.stdout.strip().splitlines()[-1]) if done else {}
    ours, theirs = found["fitprint"], found["mlflow"]
    lines = ["| aim | reached | |", "|---|---|---|"]
    for name, most in (("one row", 100), ("10,000 rows", 200)):
        shown = f"{ours[name]:.0f} µs" + (f" (MLflow {theirs[name]:.0f})" if theirs else "")
        lines.append(_line(f"enforcing 20 columns, {name}: at most {most} µs", shown, ours[name] <= most))
        other = f"{name}, columns in another order"
        lines.append(f"| for comparison: {other} | {ours[other]:.0f} µs | |")
    ratio = ours["predict of the package"] / ours["bare predict"]
    lines.append(_line("`predict` of 10,000 rows: at most 1.5 times the bare call", f"{ratio:.2f} times", ratio <= 1.5))
    return "\n".join(lines)


def held_out_table() -> str:
    """Predictions and metrics after the training."""
    print("... held_out.py", file=sys.stderr)
    command = [sys.executable, str(HERE / "held_out.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    metric, digest = found["metric, recorded"] / 1000, found["digest"] / 1000
    lines = ["| aim | reached | |", "|---|---|---|"]
    for name, what, most in (
        ("prediction, unknown", "a prediction of a model that is not recorded", 3),
        ("prediction, recorded", "a prediction of a recorded model", 3),
        ("metric, unknown", "a metric of a model that is not recorded", 5),
    ):
        lines.append(_line(f"{what}: at most {most} µs more", f"{found[name]:.1f} µs", found[name] <= most))
    shown = f"{metric:.2f} ms (the digest of 569 x 30 values: {digest:.2f} ms)"
    lines.append(_line("a recorded metric: at most 1 ms more, beside the digest of the data", shown, metric <= 1))
    return "\n".join(lines)


def evaluating_table(rounds: int) -> str:
    """`fitprint.evaluate` beside MLflow's default evaluator, in turn; the best of each."""
    pythons = {"fitprint": sys.executable, "mlflow": os.environ.get("FITPRINT_MLFLOW3_PYTHON", "")}
    found: dict[str, dict[str, list[float]]] = {contender: {} for contender in pythons}
    for _ in range(rounds):
        for contender, python in pythons.items():
            if not python:
                continue
            print(f"... evaluating.py {contender}", file=sys.stderr)
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            command = [python, str(HERE / "evaluating.py"), contender]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            for name, spent in json.loads(done.stdout.strip().splitlines()[-1]).items():
                found[contender].setdefault(name, []).append(spent)
    lines = ["| aim | reached | |", "|---|---|---|"]
    for name, ours in found["fitprint"].items():
        if theirs := found["mlflow"].get(name):
            times = min(theirs) / min(ours)
            shown = f"1/{times:.0f} ({min(ours):.1f} ms, MLflow {min(theirs):,.0f} ms)"
            aim = f"`evaluate` of 10,000 rows, {name}: at most 1/20 of MLflow's default evaluator"
            lines.append(_line(aim, shown, times >= 20))
    return "\n".join(lines)


def deep_table() -> str:
    """1000 steps of deep learning, beside bare and beside MLflow, each in the environment that has it."""
    pythons = {name: os.environ.get(f"DEEP_{name.upper()}_PYTHON", "") for name in ("fitprint", "mlflow")}
    lines = [
        "| 1000 steps | CPU ms of a bare step | fitprint | aim | | MLflow |",
        "|---|---|---|---|---|---|",
    ]
    for name, case in DEEP_CASES.items():
        ours = _measured_deep(name, "fitprint", pythons["fitprint"])
        theirs = _measured_deep(name, "mlflow", pythons["mlflow"]) if case.peer else {}
        if ours:
            reached = "yes" if ours["times"] <= case.most else "**no**"
            shown = f"{ours['times']:.3f} times bare | {case.most:g} | {reached}"
            peer = f"{theirs['times']:.3f} times bare" if theirs else ""
            lines.append(f"| {name} | {ours['bare']:.2f} | {shown} | {peer} |")
    return "\n".join(lines)


def _measured_deep(name: str, contender: str, python: str) -> dict[str, float]:
    if not python:
        return {}
    print(f"... {name}: {contender}", file=sys.stderr)
    command = [python, str(HERE / "deep.py"), name, contender]
    one_thread = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **dict.fromkeys(one_thread, "1")}
    )
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def serving_table(rounds: int) -> str:
    """`fitprint serve` beside `mlflow models serve`, in turn; the best of each."""
    mlflow = os.environ.get("FITPRINT_MLFLOW3_PYTHON", "")
    pythons = {"bare": sys.executable, "fitprint": sys.executable, "mlflow": mlflow}
    found: dict[str, dict[str, list[float]]] = {contender: {} for contender in pythons}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        script = str(HERE / "serving.py")
        subprocess.run([sys.executable, script, "write", folder], check=True, env=environment)
        for turn in range(rounds):
            for contender, python in pythons.items():
                if not python or (turn and contender == "mlflow"):
                    continue
                print(f"... serving.py {contender}", file=sys.stderr)
                command = [python, script, contender, folder]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
                for name, value in json.loads(done.stdout.strip().splitlines()[-1]).items():
                    found[contender].setdefault(name, []).append(value)
    ours, bare, theirs = (
        {name: (max if name == "requests a second" else min)(values) for name, values in found[contender].items()}
        for contender in ("fitprint", "bare", "mlflow")
    )
    return "\n".join(["| aim | reached | |", "|---|---|---|", *_served_lines(ours, bare, theirs)])


_ALONE = "loading the model and predicting once"


def _served_lines(ours: dict[str, float], bare: dict[str, float], theirs: dict[str, float]) -> list[str]:
    over = ours["1 row"] / bare["1 row"]
    shown = f"{over:.2f} times ({ours['1 row']:.2f} ms, bare {bare['1 row']:.2f} ms)"
    lines = [
        _line("a served row: at most 1.3 times the CPU of the model's own `predict` of a DataFrame", shown, over <= 1.3)
    ]
    if not theirs:
        return lines
    for what, least in (("1 row", 5), ("100 rows", 4.5), ("600 columns", 18)):
        times = theirs[what] / ours[what]
        aim = f"a request of {what}: at most 1/{least:g} of the CPU of `mlflow models serve`"
        lines.append(_line(aim, f"1/{times:.1f} ({ours[what]:.2f} ms, MLflow {theirs[what]:.1f} ms)", times >= least))
    rate, other = ours["requests a second"], theirs["requests a second"]
    aim = "32 connections with `--batch`: at least 50 times its requests a second"
    cpu = f"CPU of a request {ours['32 connections']:.2f} ms, MLflow {theirs['32 connections']:.1f} ms"
    shown = f"{rate / other:.0f} times ({rate:,.0f}, MLflow {other:,.0f}; {cpu})"
    lines.append(_line(aim, shown, rate >= 50 * other))
    times = theirs["ready"] / ours["ready"]
    shown = f"1/{times:.1f} ({ours['ready']:.2f} s, MLflow {theirs['ready']:.2f} s, {_ALONE} {bare['ready']:.2f} s)"
    lines.append(_line("ready: at most 1/6 of its CPU", shown, times >= 6))
    part = ours["memory"] / theirs["memory"]
    shown = f"{part:.2f} ({ours['memory']:.0f} MB, MLflow {theirs['memory']:.0f} MB, {_ALONE} {bare['memory']:.0f} MB)"
    lines.append(_line("resident memory of all processes: at most 0.35 of its", shown, part <= 0.35))
    return lines


def heading() -> str:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in VERSIONS)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, one thread for BLAS and OpenMP"
    place = "in memory" if Path(MEMORY).is_dir() else "on disk"
    return f"{machine}, stores {place}, Python {platform.python_version()}; {versions}."


def write(text: str) -> None:
    readme = HERE / "README.md"
    before, _, rest = readme.read_text("utf-8").partition(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    main()
