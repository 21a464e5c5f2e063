"""One part of scikit-learn's own tests in a process of its own, with recording on or without: what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sklearn

HERE = Path(__file__).parent
SKLEARN = Path(sklearn.__file__).parent
MEMORY = Path("/dev/shm")
"""Where there is a file system in memory the stores lie there: thousands of models are no work for a disk."""
PROBE = "probe"  # the module beside this one
HANGS_AFTER = 3_600  # seconds: far above what any part takes

BARE, EVERYTHING, LIGHT = "bare", "everything", "light"
SETTINGS: dict[str, dict[str, Any] | None] = {
    BARE: None,
    # also what leaves no run by default
    EVERYTHING: {"include_estimators": ["*"], "log_input_examples": True},
    LIGHT: {"log_models": False, "log_training_metrics": False},
}

Test = dict[str, Any]
"""What the probe tells of a test: outcome, what it said, warnings, and the states it left."""


@dataclass(frozen=True)
class Came:
    """What came of a part in one mode."""

    tests: dict[str, Test]
    seconds: float
    """CPU time of the process and of those it waited for: how busy the machine was does not matter."""
    runs: int
    failed_steps: Counter[str]
    """Of recording: the step and the error, and in how many runs."""


def run_part(files: tuple[str, ...], mode: str, folder: Path) -> Came:
    """Runs the tests of some files or folders of scikit-learn, always in the same order. Removes what was recorded.

    Raises RuntimeError with pytest's output when it did not come to its end.
    """
    folder.mkdir()
    ini, results, store = folder / "pytest.ini", folder / "results.jsonl", folder / "store"
    ini.write_text("[pytest]\n")
    options = f"-q --disable-warnings --color=no --tb=short --import-mode=importlib -p no:cacheprovider -p {PROBE}"
    # nothing of the folders above is read: neither settings nor a conftest.py
    places = ["-c", ini, "--rootdir", SKLEARN.parent, "--confcutdir", SKLEARN, "--basetemp", folder / "temporary"]
    command = [sys.executable, "-m", "pytest", *options.split(), *places, *(SKLEARN / file for file in files)]
    environment = _environment(folder, results, SETTINGS[mode], store)
    code, seconds = _run([str(word) for word in command], folder, environment)
    if code not in (0, 1):  # all passed, or some failed
        raise RuntimeError(f"pytest ended with {code}, {mode}\n{(folder / 'output.txt').read_text()[-5_000:]}")
    runs, failed_steps = _recorded(store)
    lines = map(json.loads, results.read_text("utf-8").splitlines())
    came = Came({line.pop("name"): line for line in lines}, seconds, runs, failed_steps)
    shutil.rmtree(folder)
    return came


def _environment(folder: Path, results: Path, settings: dict[str, Any] | None, store: Path) -> dict[str, str]:
    ours = ("FITPRINT_", "PYTEST_", "SKLEARN_", "TRANSPARENCY_", "PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE")
    found = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    found |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    found |= dict.fromkeys(("PYTHONHASHSEED", "SKLEARN_SEED"), "0")
    found |= {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "SKLEARN_SKIP_NETWORK_TESTS": "1",
        "SKLEARN_TESTS_GLOBAL_RANDOM_SEED": "42",
        "TMPDIR": str(folder),
        "TRANSPARENCY_RESULTS": str(results),
    }
    if settings is not None:
        found |= {"TRANSPARENCY_SETTINGS": json.dumps({**settings, "store": str(store)})}
    return found


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, float]:
    """(exit code, CPU seconds) of a command."""
    with open(folder / "output.txt", "wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
        hangs = threading.Timer(HANGS_AFTER, process.kill)
        hangs.start()
        _, status, used = os.wait4(process.pid, 0)
        hangs.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime


def _recorded(store: Path) -> tuple[int, Counter[str]]:
    """How many runs there are, and what failed in them."""
    runs, failed = 0, Counter[str]()
    for path in store.glob("*/run.json"):
        runs += 1
        for what, rule, reason in json.loads(path.read_text("utf-8"))["skipped"]:
            if rule == "error":
                failed[f"{what}: {reason[:100]}"] += 1
    return runs, failed
