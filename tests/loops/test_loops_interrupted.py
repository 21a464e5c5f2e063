"""A Ctrl-C at every line of our own work on a loop or a conversion: it passes as it is, and all is ended later."""

from __future__ import annotations

import json

import pytest

AT_EVERY_LINE = r"""
import json, linecache, re, sys
from pathlib import Path

import fitprint
from fitprint import _quiet, _session
from fitprint._recorder import loops
import toylearn
from toylearn.looping import Net
from toylearn.converting import Proto, convert, save

OURS = str(Path(fitprint.__file__).parent)
# The interpreter looks for signals at calls: neither where a block is left, nor where one begins.
A_LOCK_S_OWN = str(Path(OURS, "_locks.py"))
OF_A_BLOCK = re.compile(r"\s*(with .*(lock|_claiming)\b|try:$)")
source = toylearn.Mean().fit([1], [2])


def train():
    net = Net()
    if sys.argv[1] == "conversion":
        net.level = float(id(net))
        save(net, "net")
    else:
        for step in range(3):
            net.update([step])
        net.to_disk("net")
    return net


class Interrupted(KeyboardInterrupt):
    pass


class Tracer:
    def __init__(self, number):
        self.number, self.seen, self.place, self.raised = number, 0, "", None

    def __call__(self, frame, event, argument):
        name = frame.f_code.co_filename
        if frame.f_code.co_name == "<lambda>" or name == A_LOCK_S_OWN:  # the first: of a weak reference
            return None
        if name.endswith("_quiet.py") and frame.f_code.co_name in ("without_warnings", "_remove"):
            return None  # what an interruption leaves there is a filter that matches nothing
        return self.line if name.startswith(OURS) else None

    def line(self, frame, event, argument):
        if event == "line" and not OF_A_BLOCK.match(linecache.getline(frame.f_code.co_filename, frame.f_lineno)):
            self.seen += 1
            if self.seen == self.number:
                self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}"
                self.raised = Interrupted()
                raise self.raised
        return self.line


def traced(number):
    global tracer
    tracer = Tracer(number)
    net = None
    sys.settrace(tracer)
    try:
        net = train()
    except BaseException as raised:
        return tracer, raised
    finally:
        sys.settrace(None)
    return tracer, None


tracer = None
fitprint.autolog(quiet=True)
train()
lines = traced(0)[0].seen
wrong, statuses = [], {}
for number in range(1, lines + 1, max(1, lines // 400)):
    before = {run.run_id for run in fitprint.runs(newest=2)}
    tracer, raised = traced(number)
    place = tracer.place

    def expect(holds, what):
        if not holds:
            wrong.append(f"{place}: {what}")

    expect(raised is tracer.raised, f"raised {raised!r}")
    expect(_session.current() is None, "a session is left open")
    _session._current.set(None)
    raised = tracer.raised = None
    fitprint.disable()
    expect(not loops._known and not loops._orphans, "a loop is left")
    for run in fitprint.runs(newest=2):
        if run.run_id not in before:
            statuses[run.status] = statuses.get(run.status, 0) + 1
            half = [each.name for each in run.path.glob("model*") if not (each / "checksums.json").exists()]
            expect(run.status != "RUNNING" and not half, f"{run.status} {half}")
    fitprint.autolog(quiet=True)
    tracer = None
    train()
    run = fitprint.runs(newest=1)[0]
    expect(run.run_id not in before and run.model_path and not run.skipped, "the next one is not recorded")
    left = list((run.path.parent / ".open").iterdir())
    expect(not left, f"{left} is left open")
    for each in left:
        each.rename(run.path.parent / each.name)
print(json.dumps({"lines": lines, "statuses": statuses, "wrong": wrong}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["loop", "conversion"])
def test_an_interruption_at_any_line_of_ours_leaves_nothing_open(run_python, store, toy, what):
    found = json.loads(run_python(AT_EVERY_LINE, what).stdout)
    assert found["lines"] > 300
    assert len(found["statuses"]) > 1 or what == "conversion"
    assert not found["wrong"], "\n".join(found["wrong"])
