"""A Ctrl-C at every line of our own work on a group: it passes as it is, and nothing is left open."""

from __future__ import annotations

import json

import pytest

AT_EVERY_LINE = r"""
import json, re

import fitprint
from fitprint._core import call_scope
from interrupting import traced
import toylearn
from toylearn.searching import Search

# The interpreter looks for signals at calls: neither where a block is left, nor where one begins.
OF_A_BLOCK = re.compile(r"\s*(with .*(lock|_claiming)\b|try:$)")


def search():
    values = [2.0, 1.0]
    return Search().run(lambda number: toylearn.Mean().fit([1], [2]) and values[number], 2)


fitprint.autolog(quiet=True, max_child_runs=1)
search()
lines = traced(0, OF_A_BLOCK, search)[0].seen
wrong = []
for number in range(1, lines + 1, max(1, lines // 150)):
    before = {run.run_id for run in fitprint.runs()}
    tracer, raised = traced(number, OF_A_BLOCK, search)
    if raised is not tracer.raised:
        wrong.append(f"{tracer.place}: raised {raised!r}")
    if call_scope.innermost() is not None or fitprint.active_run() is not None:
        wrong.append(f"{tracer.place}: something is left active")
        call_scope._current.set(None)
    raised = tracer.raised = None
    open_runs = [run.name for run in fitprint.runs() if run.run_id not in before and run.status == "RUNNING"]
    if open_runs:
        wrong.append(f"{tracer.place}: {open_runs} left open")
    search()
    run = fitprint.last_run()
    if (run.name, run.status, len(run.children)) != ("run", "FINISHED", 1):
        wrong.append(f"{tracer.place}: the next one is {run}")
print(json.dumps({"lines": lines, "wrong": wrong}))
"""


@pytest.mark.slow
def test_an_interruption_at_any_line_of_ours_leaves_nothing_open(run_interrupted, store, toy):
    found = json.loads(run_interrupted(AT_EVERY_LINE).stdout)
    assert found["lines"] > 1000
    assert found["wrong"] == []
