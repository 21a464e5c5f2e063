"""CONTRIBUTING follows one training call through the code, file by file: the call is traced, and the page compared."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "CONTRIBUTING.md"

TRACED_FIT = """
import json
import sys
from pathlib import Path

import fitprint
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

fitprint.autolog(strict=True)
X, y = load_breast_cancer(return_X_y=True, as_frame=True)
LogisticRegression(max_iter=10).fit(X, y)  # the first fit imports what the second one finds imported

names = {}  # from the path of each source file to its name in the repository
for package, sources in (("fitprint", "src"), ("fitprint_sklearn", "plugins/sklearn/src")):
    folder = Path(sys.modules[package].__file__).parent
    for file in folder.rglob("*.py"):
        names[str(file)] = f"{sources}/{package}/{file.relative_to(folder).as_posix()}"

files, calls = [], 0


def count(frame, event, argument):
    global calls
    file = names.get(frame.f_code.co_filename)
    if event == "call" and file is not None and not frame.f_code.co_name.endswith("comp>"):  # inlined since Python 3.12
        calls += 1
        if file not in files:
            files.append(file)


model = LogisticRegression(max_iter=10)
sys.setprofile(count)
model.fit(X, y)
sys.setprofile(None)
print(json.dumps({"files": files, "calls": calls}))
"""


@dataclass(frozen=True)
class Trace:
    """The files of fitprint that a fit enters, in the order of their first call, and the number of calls."""

    files: list[str]
    calls: int


@pytest.mark.newest
def test_the_tour_is_the_way_of_a_fit_and_states_its_budget(store, run_python):
    """If the calls have become fewer than nine tenths of the budget, lower the number in the page."""
    trace = Trace(**json.loads(run_python(TRACED_FIT).stdout))
    text = PAGE.read_text("utf-8")
    tour = text[text.index("<!-- tour -->") : text.index("<!-- end of tour -->")]
    links = re.findall(r"^\d+\. \[`[^`]+`\]\(([^)]+)\)", tour, re.MULTILINE)
    assert len(links) == len(re.findall(r"^\d+\. ", tour, re.MULTILINE)) >= 20
    assert [link for link in links if link not in trace.files] == [], "the fit does not enter these files"
    assert links == sorted(links, key=trace.files.index), "in the order of their first call"
    budget = re.search(r"at most (\d+) files and ([\d,]+) Python calls", tour)
    assert budget is not None
    most_files, most_calls = (int(number.replace(",", "")) for number in budget.groups())
    assert len(trace.files) <= most_files
    assert 0.9 * most_calls <= trace.calls <= most_calls
