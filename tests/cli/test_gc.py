"""`fitprint gc`: what it closes, what it removes, and what it never touches."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from pathlib import Path

import pytest

import fitprint

DIES = """
import os, sys, fitprint
from fitprint._runs.open import begin_run
from fitprint._runs.run import active_runs
from fitprint._settings.layers import current
run = begin_run(current().settings(), sys.argv[1], settles={settles})  # False: as a recorded training call begins one
active_runs.push(run)
run.log_param("depth", 3)
run.log_metric("loss", 0.5)
run.log_text("kept", "note.partial")
run._writer.write()
{more}
print(run.run_id, flush=True)
os._exit(0)
"""
HALF = 'run._writer.begin_package(None).write("MLmodel", "x" * 1000)'
WHOLE = """
package = run._writer.begin_package(None)
package.write("MLmodel", "x")
run._writer.keep_package(package, "mine", {})
"""
UNLISTED = WHOLE.replace("run._writer.keep_package", "run._writer._open_run.keep_package").replace(", {})", ")")
UNSEALED = 'os.mkdir(run.path / "model"); (run.path / "model" / "MLmodel").write_text("x" * 10)'
HALF_A_FILE = '(run.path / "artifacts" / "data.json.partial").write_text("x" * 10)'
BETWEEN_TWO_NAMES = '(run.path / "run.json").rename(run.path / "run.json.partial")'
ENDED = "run._writer._open_run.finish = lambda: None; fitprint.end_run()"


@pytest.fixture
def dead(store, run_python, monkeypatch):
    """Leaves a run open whose process is gone. Returns its id."""
    monkeypatch.setenv("FITPRINT_LOG_CODE", "false")  # the script would be an artifact of the run

    def run(more: str = "pass", name: str = "dead", settles: bool = False) -> str:
        return run_python(DIES.format(more=more, settles=settles), name).stdout.split()[0]

    return run


def change(run_id: str, **process: object) -> Path:
    """Makes the record of an open run one of another process."""
    file = Path(fitprint.get_tracking_uri(), ".open", run_id, "run.json")
    record = json.loads(file.read_text())
    record["process"] |= process
    file.write_text(json.dumps(record))
    return file.parent


def made_older(folder: Path, seconds: float) -> None:
    for place in (*folder.rglob("*"), folder):
        os.utime(place, (time.time() - seconds,) * 2)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def time_of(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found


def rows(document, *options):
    return {run["run_id"]: run for run in document("gc", *options)["runs"]}


def test_a_run_whose_process_is_gone_is_closed_as_killed(store, dead, invoke):
    run_id = dead()
    last_written = (store / ".open" / run_id / "run.json").stat().st_mtime
    result = invoke("gc")
    head, row, summary = result.stdout.splitlines()
    assert head.split() == ["run", "name", "status", "what"]
    assert row.split() == [run_id, "dead", "KILLED", "closed"]
    assert summary == "closed 1 run"
    found = fitprint.get_run(run_id)
    assert found.path == store / run_id
    assert json.loads((found.path / "run.json").read_text())["status"] == "KILLED", "for readers anywhere"
    assert (found.params, found.metrics, found.metric_history("loss")) == ({"depth": 3}, {"loss": 0.5}, [(0, 0.5)])
    assert (found.path / "artifacts" / "note.partial").read_text() == "kept", "an artifact that is called so"
    assert abs(time_of(found.end_time) - last_written) < 0.001, "its last sign of life"
    assert found.skipped == [("the rest of the recording", "killed", "its process ended before the run did")]
    assert found.path.stat().st_mode & 0o777 == 0o777 & ~umask()
    assert os.listdir(store / ".open") == []
    assert invoke("gc").stdout == f"nothing to clean up in {store}\n"


@pytest.mark.parametrize(
    ("more", "removed", "freed"),
    [
        (HALF, [".package-0"], 1000),
        (UNSEALED, ["model"], 10),
        (HALF_A_FILE, ["artifacts/data.json.partial"], 10),
        ('(run.path / "run.json.partial").write_text("{")', ["run.json.partial"], 1),
        (BETWEEN_TWO_NAMES, [], 0),
    ],
)
def test_what_is_half_is_removed_and_the_rest_stays(store, dead, document, more, removed, freed):
    run_id = dead(more)
    row = rows(document)[run_id]
    assert (row["did"], row["status"], row["removed"], row["freed"]) == ("closed", "KILLED", removed, freed)
    found = fitprint.get_run(run_id)
    assert (found.status, found.params, found.metrics) == ("KILLED", {"depth": 3}, {"loss": 0.5})
    assert files(found.path) - {"artifacts/source_code/script_1.py"} == {
        "run.json",
        "metrics.jsonl",
        "artifacts/note.partial",
    }
    assert found.models == {}


def test_the_run_of_a_block_is_closed_at_the_place_that_it_has_from_the_start(store, dead, invoke, document):
    run_id = dead(HALF, settles=True)
    assert document("gc", "--dry-run")["runs"][0]["did"] == "closed"
    assert fitprint.get_run(run_id).path == store / run_id
    assert "closed; incomplete, removed: .package-0" in invoke("gc").stdout
    found = fitprint.get_run(run_id)
    assert (found.path, found.status, found.params) == (store / run_id, "KILLED", {"depth": 3})
    assert json.loads((found.path / "run.json").read_text())["status"] == "KILLED", "for readers anywhere"
    assert files(found.path) - {"artifacts/source_code/script_1.py"} == {
        "run.json",
        "metrics.jsonl",
        "artifacts/note.partial",
    }
    assert invoke("gc").stdout == f"nothing to clean up in {store}\n"


@pytest.mark.parametrize("more", [WHOLE, UNLISTED])
def test_a_package_that_is_complete_stays_and_is_named(store, dead, invoke, more):
    run_id = dead(more)
    invoke("gc")
    found = fitprint.get_run(run_id)
    assert found.models == {"mine": store / run_id / "mine"}
    assert files(found.path / "mine") == {"MLmodel", "checksums.json"}


def test_a_run_that_had_ended_keeps_its_end(store, dead, document):
    run_id = dead(ENDED)
    assert json.loads((store / ".open" / run_id / "run.json").read_text())["status"] == "FINISHED"
    end = fitprint.get_run(run_id).end_time
    assert rows(document)[run_id]["did"] == "closed"
    found = fitprint.get_run(run_id)
    assert (found.path, found.status, found.end_time, found.skipped) == (store / run_id, "FINISHED", end, [])


def test_the_runs_of_living_processes_are_not_touched(store, invoke, document):
    with fitprint.start_run("alive") as run:
        run._writer.begin_package(None).write("MLmodel", "half")
        before = files(store)
        made_older(run.path, 1e6)
        assert rows(document, "--older-than", "0s")[run.run_id]["reason"] == "its process is still running"
        assert "left alone: its process is still running" in invoke("gc").stdout
        assert files(store) == before
    assert fitprint.get_run(run.run_id).status == "FINISHED"


def test_the_runs_of_other_hosts_are_closed_only_by_age(store, dead, invoke, document):
    run_id = dead(HALF)
    folder = change(run_id, host="elsewhere")
    made_older(folder, 3 * 86400)
    before = files(store)
    for options in ((), ("--older-than", "7d"), ("--older-than", "73h")):
        assert (
            rows(document, *options)[run_id]["reason"]
            == "whether its process is alive can only be checked on elsewhere"
        )
    assert files(store) == before
    invoke("gc", "--older-than", "2.5d")
    found = json.loads((store / run_id / "run.json").read_text())
    assert found["status"] == "KILLED"
    assert abs(time_of(found["end"]) - (time.time() - 3 * 86400)) < 600
    assert ".package-0" not in os.listdir(store / run_id)


def test_a_write_anywhere_in_the_folder_counts_for_the_age(store, dead, document):
    folder = change(dead(HALF), host="elsewhere")
    made_older(folder, 3 * 86400)
    os.utime(folder / ".package-0" / "MLmodel")
    assert rows(document, "--older-than", "1h")[folder.name]["did"] == "left"


def test_a_folder_without_a_record_is_removed_once_it_is_no_run_about_to_begin(store, document, invoke):
    folder = store / ".open" / ("0" * 32)
    folder.mkdir(parents=True)
    (folder / "run.json.partial").write_text('{"form')
    assert rows(document)[folder.name]["did"] == "left"
    made_older(folder, 3601)
    lines = invoke("gc").stdout.splitlines()
    assert lines[1].split() == [folder.name, "removed:", "it", "never", "got", "a", "record"]
    assert lines[2] == "removed 1 folder without a record"
    assert os.listdir(store / ".open") == []


def test_at_once_where_the_age_is_given(store, invoke):
    folder = store / ".open" / ("0" * 32)
    folder.mkdir(parents=True)
    invoke("gc", "--older-than", "0s")
    assert not folder.exists()


@pytest.mark.parametrize("content", ["no JSON", '{"format": 4}', '{"format": 2, "params": 3}'])
def test_a_record_that_is_broken_or_of_a_later_format_is_left_and_told(store, dead, document, invoke, content):
    run_id = dead()
    file = store / ".open" / run_id / "run.json"
    file.write_text(content)
    made_older(file.parent, 1e6)
    other = dead()
    assert rows_of_failed(document) == {run_id: "left", other: "closed"}
    assert "cannot be cleaned up: " in invoke("gc", status=1).stdout
    assert file.read_text() == content


def rows_of_failed(document):
    return {run["run_id"]: run["did"] for run in document("gc", status=1)["runs"]}


def test_half_a_package_that_was_logged_to_a_run_after_its_end(store, run_python, invoke, document):
    run_id = run_python(DIES.format(more=f"fitprint.end_run(); {HALF}", settles=False), "ended").stdout.split()[0]
    assert (store / run_id / ".package-0").is_dir()
    assert "incomplete, removed: .package-0 (1.0 kB)" in invoke("gc").stdout
    found = fitprint.get_run(run_id)
    assert (found.status, found.skipped) == ("FINISHED", [])
    assert not (store / run_id / ".package-0").exists()
    assert document("gc")["runs"] == []


def test_a_dry_run_says_all_and_does_nothing(store, dead, invoke, document):
    run_id = dead(HALF)
    nothing = store / ".open" / ("0" * 32)
    nothing.mkdir()
    before = files(store)
    lines = invoke("gc", "--dry-run", "--older-than", "0s").stdout.splitlines()
    assert lines[1].endswith("KILLED  would be closed; incomplete, would be removed: .package-0 (1.0 kB)")
    assert lines[2].endswith("would be removed: it never got a record")
    assert lines[3].startswith("dry run, nothing was done: closed 1 run, removed 1 folder without a record, freed")
    assert document("gc", "--dry-run")["dry_run"] is True
    assert files(store) == before
    assert nothing.is_dir()
    assert fitprint.get_run(run_id).path == store / ".open" / run_id


def test_runs_that_ended_and_whatever_else_lies_in_the_store_are_left(store, invoke, document):
    with fitprint.start_run("done") as run:
        run.log_text("x", "a.partial")
    (store / ".open" / "mine").mkdir()
    (run.path / "notes").mkdir()
    before = files(store)
    assert document("gc", "--older-than", "0s") == {"store": str(store), "dry_run": False, "runs": []}
    assert files(store) == before
    assert (run.path / "notes").is_dir()
    assert (store / ".open" / "mine").is_dir()


@pytest.mark.parametrize("age", ["7", "d", "-1d", "7 years", ""])
def test_an_age_that_is_none(store, invoke, age):
    store.mkdir()
    assert "is not an age: give a number and a unit, as in 90s, 30m, 12h, 7d or 2w" in " ".join(
        invoke("gc", "--older-than", age, status=2).stderr.split()
    )


def test_as_a_process_of_its_own(store, dead, command):
    run_id = dead()
    assert json.loads(command("gc", "--json").stdout)["runs"][0]["run_id"] == run_id
    assert command("gc").stdout == f"nothing to clean up in {store}\n"
