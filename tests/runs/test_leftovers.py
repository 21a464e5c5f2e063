"""What a process that was killed leaves in the folder of a run, and which of it is incomplete."""

from __future__ import annotations

import json
import time

import fitprint
from fitprint._core import process
from fitprint._runs.gc import clean
from fitprint.stores import open_store
from fitprint.stores.leftovers import inspect_folder


def write(file, content="12345"):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def fill(folder):
    """Write what a process may leave: complete packages, begun ones, and files that were not written whole."""
    write(folder / "model" / "MLmodel")
    write(folder / "model" / "checksums.json")
    write(folder / "begun" / "MLmodel")
    write(folder / ".package-0" / "weights")
    write(folder / ".replaced-model" / "MLmodel")
    write(folder / "artifacts" / "deep" / "notes.txt")
    write(folder / "artifacts" / "deep" / "half.txt.partial")
    write(folder / "metrics.jsonl.partial")
    write(folder / "elsewhere.partial" / "whole")
    (folder / "link").symlink_to("model", target_is_directory=True)


def test_what_is_complete_is_told_from_what_is_not(tmp_path):
    fill(tmp_path)
    write(tmp_path / "run.json", "{}")
    found = inspect_folder(tmp_path, "run.json", is_open=True)
    assert found.recorded
    assert found.packages == {"model": 10}
    assert found.unsealed == {"begun": 5}
    assert found.incomplete == {
        ".package-0": 5,
        ".replaced-model": 5,
        "artifacts/deep/half.txt.partial": 5,
        "metrics.jsonl.partial": 5,
    }
    assert abs(found.changed - time.time()) < 3600


def test_the_run_of_a_killed_process_is_closed_without_what_is_incomplete(store):
    with fitprint.start_run("killed") as run:
        run.log_text("12345", "named.partial")
    folder = store / ".open" / run.run_id
    run.path.rename(folder)
    record = json.loads((folder / "run.json").read_text())
    dead = {**process.this_process(), "started": "never"}
    (folder / "run.json").write_text(json.dumps({**record, "status": "RUNNING", "end": None, "process": dead}))
    fill(folder)
    incomplete = [".package-0", ".replaced-model", "artifacts/deep/half.txt.partial", "begun", "metrics.jsonl.partial"]
    (planned,) = clean(open_store(str(store)), dry_run=True)
    (done,) = clean(open_store(str(store)))
    assert planned == done
    assert (done.status, done.removed, done.freed) == ("KILLED", incomplete, 25)
    assert list(clean(open_store(str(store)))) == []
    read = fitprint.get_run(run.run_id)
    assert (read.status, list(read.models), read.artifacts) == ("KILLED", ["model"], ["named.partial"])
    assert [skip[:2] for skip in read.skipped] == [("the rest of the recording", "killed")]
    assert read.path == store / run.run_id
    assert [name for name in incomplete if (read.path / name).exists()] == []
    assert (read.path / "artifacts" / "named.partial").read_text() == "12345"
    assert (read.path / "link" / "MLmodel").is_file()


def test_a_package_that_the_record_says_is_removed_is_removed(store):
    with fitprint.start_run() as run:
        pass
    for name in ("model", "thinned"):
        write(run.path / name / "checksums.json")
    record = json.loads((run.path / "run.json").read_text())
    record["skipped"] = [["model thinned", "gc", "no room"]]
    record["process"] = {**record["process"], "started": "never"}
    (run.path / "run.json").write_text(json.dumps(record))
    (done,) = clean(open_store(str(store)))
    assert (done.did, done.status, done.removed) == ("swept", "FINISHED", ["thinned"])
    assert not (run.path / "thinned").exists()
    assert (run.path / "model").is_dir()
