"""A Ctrl-C at every line of our own work on a loop or a conversion: it passes as it is, and all is ended later."""

from __future__ import annotations

import json

import pytest

AT_EVERY_LINE = r"""
import json, re, sys

import fitprint
from fitprint._core import isolation
from fitprint._core import call_scope
from fitprint._recorder import loop_registry
from interrupting import traced
import toylearn
from toylearn.looping import Net
from toylearn.converting import Proto, convert, save

# The interpreter looks for signals at calls: neither where a block is left, nor where one begins.
OF_A_BLOCK = re.compile(r"\s*(with .*(lock|_claiming)\b|try:$)")
source = toylearn.Mean().fit([1], [2])


def train():
    net = Net()
    if sys.argv[1] == "conversion":
        net.level = float(id(net))
        save(net, "net")
    else:
        for epoch in range(2):
            net.update([epoch])
            net.to_disk("net")
        net.initialize()
    return net


tracer = None
fitprint.autolog(quiet=True)
train()
lines = traced(0, OF_A_BLOCK, train)[0].seen
wrong, statuses = [], {}
for number in range(1, lines + 1, max(1, lines // 400)):
    before = {run.run_id for run in fitprint.runs(newest=2)}
    tracer, raised = traced(number, OF_A_BLOCK, train)
    place = tracer.place

    def expect(holds, what):
        if not holds:
            wrong.append(f"{place}: {what}")

    expect(raised is tracer.raised, f"raised {raised!r}")
    expect(call_scope.current() is None, "a session is left open")
    call_scope._current.set(None)
    raised = tracer.raised = None
    fitprint.disable()
    expect(not loop_registry._loops and not loop_registry._orphans, "a loop is left")
    for run in fitprint.runs(newest=2):
        if run.run_id not in before:
            statuses[run.status] = statuses.get(run.status, 0) + 1
            half = [path.name for path in run.path.glob("model*") if not (path / "checksums.json").exists()]
            expect(run.status != "RUNNING" and not half, f"{run.status} {half}")
    fitprint.autolog(quiet=True)
    tracer = None
    train()
    run = fitprint.runs(newest=1)[0]
    expect(run.run_id not in before and run.model_path and not run.skipped, "the next one is not recorded")
    left = list((run.path.parent / ".open").iterdir())
    expect(not left, f"{left} is left open")
    for folder in left:
        folder.rename(run.path.parent / folder.name)
print(json.dumps({"lines": lines, "statuses": statuses, "wrong": wrong}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["loop", "conversion"])
def test_an_interruption_at_any_line_of_ours_leaves_nothing_open(run_interrupted, store, toy, what):
    found = json.loads(run_interrupted(AT_EVERY_LINE, what).stdout)
    assert found["lines"] > 300
    assert len(found["statuses"]) > 1 or what == "conversion"
    assert not found["wrong"], "\n".join(found["wrong"])
