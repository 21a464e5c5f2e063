"""What a store costs as it grows: the 20th fit against the 2000th, and listing 10,000 runs.

python benchmarks/store.py flat | list | files
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from measure import cpu_seconds


def flatness() -> dict[str, float]:
    """Median CPU milliseconds of the 20th to the 120th fit, and of the last hundred of 2000."""
    from sklearn.datasets import load_iris
    from sklearn.naive_bayes import GaussianNB

    import fitprint

    inputs, target = load_iris(return_X_y=True)
    with tempfile.TemporaryDirectory() as folder:
        fitprint.autolog(store=folder, quiet=True)
        spent = []
        for _ in range(2000):
            began = cpu_seconds()
            GaussianNB().fit(inputs, target)
            spent.append((cpu_seconds() - began) * 1000)
    return {"at 20": statistics.mean(spent[20:220]), "at 2000": statistics.mean(spent[-200:])}


def files() -> dict[str, float]:
    """Median CPU milliseconds of the files of one small run alone: three folders, eleven files, three renames."""
    with tempfile.TemporaryDirectory() as folder:
        spent = []
        for number in range(300):
            began = cpu_seconds()
            place = os.path.join(folder, str(number))
            for name in ("", "model", "artifacts"):
                os.mkdir(os.path.join(place, name))
            for name in range(11):
                with open(os.path.join(place, f"{name}.partial"), "wb", buffering=0) as file:
                    file.write(b"x" * 700)
            for name in ("0", "model"):
                os.rename(
                    os.path.join(place, f"{name}.partial" if name == "0" else name), os.path.join(place, f"{name}-")
                )
            os.rename(place, f"{place}-")
            spent.append((cpu_seconds() - began) * 1000)
    return {"files": statistics.median(spent)}


def listing() -> dict[str, float]:
    """Seconds of `fitprint runs` and `fitprint runs --all` as whole processes over 10,000 runs."""
    with tempfile.TemporaryDirectory() as folder:
        record = _one_record(folder)
        for number in range(10_000):
            record["run_id"] = f"{number:012x}{uuid.uuid4().hex[12:]}"
            place = Path(folder, str(record["run_id"]))
            place.mkdir()
            (place / "run.json").write_text(json.dumps(record))
        return {
            name: _seconds(["runs", "--store", folder, *more]) for name, more in (("newest", []), ("all", ["--all"]))
        }


def _one_record(folder: str) -> dict[str, object]:
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    import fitprint

    fitprint.autolog(store=os.path.join(folder, "one"), quiet=True)
    LogisticRegression(max_iter=300).fit(*load_iris(return_X_y=True))
    run = fitprint.last_run()
    assert run is not None
    found: dict[str, object] = json.loads((run.path / "run.json").read_text())
    return found


def _seconds(command: list[str]) -> float:
    walls = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "fitprint", *command], check=True, stdout=subprocess.DEVNULL)
        walls.append(time.perf_counter() - began)
    return statistics.median(walls)


if __name__ == "__main__":
    print(json.dumps({"flat": flatness, "list": listing, "files": files}[sys.argv[1]]()))
