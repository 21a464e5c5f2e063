"""Cleaning beside others: who clean too, who record, who open a dead run again, and who die while they clean."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest

import fitprint
from fitprint._core import process as _process
from fitprint._runs.gc import clean
from fitprint.stores import open_store

LEAVES_OPEN = """
import os, sys, fitprint
from fitprint._runs.open import begin_run
from fitprint._settings.layers import current
for number in range(int(sys.argv[1])):
    if os.fork() == 0:
        run = begin_run(current().settings(), f"dead {number}")
        run.log_param("number", number)
        run.log_metric("m", number)
        run.log_param("long", "x" * int(sys.argv[2]))
        run._writer.begin_package(None).write("MLmodel", "half")
        run._writer.write()
        os._exit(0)
    assert os.wait()[1] == 0
"""

CLEANS = """
import sys, fitprint
from fitprint._runs.gc import clean
from fitprint.stores import open_store
sys.stdin.readline()
for run in clean(open_store(sys.argv[1])):
    if run.did != "left":
        print(run.run_id, run.did)
    assert not run.failed, run
"""

RECORDS = """
import sys, fitprint
sys.stdin.readline()
for number in range(int(sys.argv[1])):
    with fitprint.start_run(f"alive {number}") as run:
        run.log_param("number", number)
        package = run._writer.begin_package(None)
        package.write("MLmodel", "x" * 10)
        run._writer.keep_package(package, "model", {})
        run.log_metric("m", number)
"""


def cleaned(store, **options):
    return list(clean(open_store(str(store)), **options))


def check_the_dead(store, count):
    found = [run for run in fitprint.runs() if run.name.startswith("dead")]
    assert sorted(run.params["number"] for run in found) == list(range(count))
    for run in found:
        on_disk = json.loads((store / run.run_id / "run.json").read_text())
        assert (on_disk["status"], on_disk["metrics"]) == ("KILLED", {"m": float(run.params["number"])})
        assert sorted(os.listdir(run.path)) == ["artifacts", "metrics.jsonl", "run.json"]


def test_several_clean_while_others_record(store, run_python, together):
    run_python(LEAVES_OPEN, 150, 10)
    before = datetime.now(UTC)
    outputs = together((CLEANS, store), (CLEANS, store), (CLEANS, store), (RECORDS, 60), (RECORDS, 60))
    done = [{*output.splitlines()} for output in outputs[:3]]
    assert len({line for lines in done for line in lines if line.endswith("closed")}) == 150
    assert sum(map(bool, done)) > 1, "they did meet"
    ends = [datetime.fromisoformat(run.end_time) for run in fitprint.runs() if run.name.startswith("dead")]
    assert max(ends) < before, "the moment of the death, whoever wrote it down"
    check_the_dead(store, 150)
    alive = [run for run in fitprint.runs() if run.name.startswith("alive")]
    assert len(alive) == 120
    for run in alive:
        assert (run.status, [*run.models]) == ("FINISHED", ["model"])
        assert (run.path / "model" / "checksums.json").is_file()
    assert os.listdir(store / ".open") == []


def test_a_run_that_is_opened_again_between_the_look_and_the_deed_is_left_to_it(store, run_python):
    run_python(LEAVES_OPEN, 1, 10)
    (run_id,) = os.listdir(store / ".open")
    opened = open_store(str(store))
    found = opened.leftovers(run_id)
    with fitprint.start_run(run_id=run_id) as run:
        assert opened.take_over(run_id, found.open, lambda record: not _process.is_alive(record["process"])) is None
        run.log_param("later", 1)
        assert run.path == store / run_id, "opening the run of a dead process closes it first"
        assert (run.path / "run.json").exists()
    assert fitprint.get_run(run_id).params == {"number": 0, "long": "x" * 10, "later": 1}


def test_a_run_that_is_opened_again_has_been_cleaned_and_stays_open(store, run_python):
    run_python(LEAVES_OPEN, 1, 10)
    (run_id,) = os.listdir(store / ".open")
    with fitprint.start_run(run_id=run_id) as run:
        assert not (run.path / ".package-0").exists()
        run.log_param("later", 1)
        assert cleaned(store) == []
        assert fitprint.get_run(run_id).status == "RUNNING"
    found = fitprint.get_run(run_id)
    assert (found.status, found.params) == ("FINISHED", {"number": 0, "long": "x" * 10, "later": 1})


@pytest.mark.parametrize("dies_at", ["os.rename", "os.replace", "os.unlink", "os.rmdir", "os.chmod", "os.urandom"])
def test_who_cleans_may_die_too_and_the_next_one_goes_on(store, run_python, dies_at):
    run_python(LEAVES_OPEN, 3, 10)
    script = f"import os; {dies_at} = lambda *args, **options: os._exit(9)\n" + CLEANS
    assert run_python(script, store, stdin="\n", check=False).returncode == 9
    assert {run.status for run in fitprint.runs()} == {"KILLED"}
    assert len(fitprint.runs()) == 3
    cleaned(store)
    check_the_dead(store, 3)
    assert os.listdir(store / ".open") == []
    assert cleaned(store) == []


def test_a_run_that_was_opened_again_after_its_end_by_a_process_that_died_needs_no_cleaning(store, run_python):
    with fitprint.start_run("ended") as run:
        run.log_param("number", 1)
    run_python("import os, sys, fitprint; fitprint.start_run(run_id=sys.argv[1]); os._exit(0)", run.run_id)
    assert fitprint.get_run(run.run_id).status == "KILLED"
    assert cleaned(store) == []
    assert fitprint.get_run(run.run_id).params == {"number": 1}
    assert json.loads((store / run.run_id / "run.json").read_text())["status"] == "FINISHED", (
        "as its own process left it"
    )


NO_ROOM_FOR_LARGE_FILES = """
import resource, sys
from fitprint._runs.gc import clean
from fitprint.stores import open_store
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
for run in clean(open_store(sys.argv[1])):
    print(run.did, run.failed, run.reason, sep="|")
"""


def test_what_the_system_refuses_is_said_and_the_others_are_cleaned(store, run_python):
    run_python(LEAVES_OPEN, 1, 10)
    run_python(LEAVES_OPEN.replace("(int(sys.argv[1]))", "(1, 2)"), 1, 10_000)
    done = run_python(NO_ROOM_FOR_LARGE_FILES, store)
    assert sorted(done.stdout.splitlines()) == ["closed|False|", "left|True|File too large"]
    assert [run.status for run in fitprint.runs()] == ["KILLED", "KILLED"]
    assert [(run.did, run.failed) for run in cleaned(store)] == [("closed", False)]
    check_the_dead(store, 2)
