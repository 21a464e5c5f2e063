"""A thousand recordings, most of them killed at some moment: what is left is whole, or says that it is not."""

from __future__ import annotations

import json
import os

import pytest

import fitprint
from fitprint._runs.gc import clean
from fitprint.stores import open_store

KILLS = """
import collections, gc, json, os, random, signal, sys, time
import fitprint
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

TURNS, AT_ONCE = int(sys.argv[1]), 3
X, y = load_iris(return_X_y=True)
fitprint.autolog(quiet=True, strict=True)

def begin(number):
    child = os.fork()
    if child == 0:
        DecisionTreeClassifier(random_state=number).fit(X, y)
        os._exit(0)
    return child

def took(number):  # by a training that nobody kills
    began = time.perf_counter()
    status = os.waitpid(begin(number), 0)[1]
    assert status == 0
    return time.perf_counter() - began

# what a first fit imports is imported, and children start quickly
DecisionTreeClassifier().fit(X, y)
gc.disable()
gc.freeze()
typical = sorted(took(None) for _ in range(15))[7]

chance = random.Random(20)
ends = collections.Counter()
survivors = []
for turn in range(0, TURNS, AT_ONCE):
    began, children = time.perf_counter(), []
    for number in range(turn, min(turn + AT_ONCE, TURNS)):
        after = chance.uniform(0, typical * AT_ONCE)  # they share the processors
        children.append((after, chance.choice((signal.SIGKILL, signal.SIGTERM)), number, begin(number)))
    for after, how, number, child in sorted(children):
        time.sleep(max(0, began + after - time.perf_counter()))
        os.kill(child, how)
    for _, _, number, child in children:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        ends[code] += 1
        if code == 0:
            survivors.append(number)
print(json.dumps({"ends": ends, "survivors": survivors}))
"""


@pytest.mark.slow
def test_a_thousand_recordings_killed_at_random_moments(run_python, store, whole):
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # a fork waits for those of the libraries
    done = json.loads(run_python(KILLS, 1000, env=one_thread).stdout)
    assert {*done["ends"]} == {"-9", "-15", "0"}, "nobody ended in another way"

    before = whole()
    assert {*before} == {"FINISHED", "KILLED"}
    assert before["KILLED"] > 100, before
    assert before["FINISHED"] > 100, before
    finished = {run.params["random_state"] for run in fitprint.runs() if run.status == "FINISHED"}
    assert {*done["survivors"]} <= finished, "a training that was not killed is recorded"
    places = stages(store)
    assert all(places[name] for name in ("staged", "no package", "params")), places

    cleaned = list(clean(open_store(str(store)), older_than=0.0))
    assert not [run for run in cleaned if run.failed]
    assert os.listdir(store / ".open") == []
    assert not list(store.rglob(".package-*"))
    assert not list(store.rglob("*.partial"))
    after = whole()
    assert after["FINISHED"] >= before["FINISHED"]
    assert sum(after.values()) == sum(before.values()), "none is lost"
    print(before, after, done["ends"], places)


def stages(store):
    """How far the recordings had come that did not end."""
    folders = list((store / ".open").iterdir())
    return {
        "no record": sum(not list(folder.glob("run.json*")) for folder in folders),
        "params": sum(b'"criterion"' in (folder / "run.json").read_bytes() for folder in folders if has_record(folder)),
        "no package": sum(not list(folder.glob(".package-*")) for folder in folders),
        "staged": sum(bool(list(folder.glob(".package-*"))) for folder in folders),
        "sealed": sum((folder / "model").is_dir() for folder in folders),
    }


def has_record(folder):
    return (folder / "run.json").exists()
