"""Editors and type checkers know the API: mypy and pyright accept right.py and refuse the marked lines of wrong.py."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RIGHT, WRONG = HERE / "right.py", HERE / "wrong.py"

pytestmark = pytest.mark.slow


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


def errors_of_mypy() -> dict[Path, dict[int, str]]:
    done = run("mypy", "--strict", "--no-pretty", "--no-error-summary", RIGHT, WRONG)
    lines = re.findall(r"^(.+?):(\d+): error: (.*)$", done.stdout, re.MULTILINE)
    assert done.returncode == 1, done.stdout + done.stderr
    return by_file((ROOT / file, int(line), text) for file, line, text in lines)


def errors_of_pyright() -> dict[Path, dict[int, str]]:
    settings = ROOT / "tests" / "typing" / "pyright.json"
    done = run("basedpyright", "--pythonpath", sys.executable, "--project", settings, "--outputjson")
    assert done.returncode == 1, done.stdout + done.stderr
    reports = [report for report in json.loads(done.stdout)["generalDiagnostics"] if report["severity"] == "error"]
    return by_file(
        (Path(report["file"]), report["range"]["start"]["line"] + 1, report["message"]) for report in reports
    )


def by_file(errors) -> dict[Path, dict[int, str]]:
    found = {RIGHT: {}, WRONG: {}}
    for file, line, text in errors:
        found.setdefault(file, {})[line] = text
    return found


@pytest.mark.process
@pytest.mark.parametrize("errors", [errors_of_mypy, errors_of_pyright])
def test_a_type_checker_tells_right_uses_from_wrong_ones(errors):
    marked = {number for number, line in enumerate(WRONG.read_text().splitlines(), 1) if line.endswith("# wrong")}
    found = errors()
    wrong = found.pop(WRONG)
    assert found == {RIGHT: {}}
    assert {*wrong} == marked, {line: wrong.get(line, "accepted") for line in {*wrong} ^ marked}
