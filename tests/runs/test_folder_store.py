"""The folder store: what lies where, from a run's first moment to its end, and what may be read by whom."""

from __future__ import annotations

import json
import math
import os
import shutil
import stat
from datetime import UTC, datetime

import pytest

import fitprint
from fitprint._core import process as _process
from fitprint._runs.open import begin_run
from fitprint._settings.layers import current
from fitprint.stores import StoreError, UnknownRunError, open_store
from fitprint.stores.folder import FolderStore


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def strict(path):
    """A JSON document, in which a bare NaN is an error."""

    def refuse(text):
        raise AssertionError(f"{text} is no JSON")

    return json.loads(path.read_text("utf-8"), parse_constant=refuse)


def test_a_run_is_there_from_its_first_moment_and_moved_when_it_ends(store):
    run = begin_run(current().settings(), "mine")
    opened = store / ".open" / run.run_id
    assert run.path == opened
    record = strict(opened / "run.json")
    assert (record["format"], record["status"], record["name"]) == (3, "RUNNING", "mine")
    assert record["process"] == {
        "host": _process.host(),
        "boot_id": _process.boot_id(),
        "pid": os.getpid(),
        "started": _process.process_start(os.getpid()),
        "pid_namespace": _process.pid_namespace(),
    }
    run.end()
    assert run.path == store / run.run_id
    assert not opened.exists()
    assert strict(run.path / "run.json")["status"] == "FINISHED"
    assert sorted(path.name for path in store.iterdir()) == [".gitignore", ".open", run.run_id]


def test_a_run_that_ends_while_runs_are_listed_is_listed(store, monkeypatch):
    run = begin_run(current().settings(), "mine")
    list_folder, listed = os.listdir, []

    def list_and_end(folder):
        names = list_folder(folder)
        if not listed:
            run.end()
        listed.append(folder)
        return names

    monkeypatch.setattr("os.listdir", list_and_end)
    assert [*open_store(str(store)).run_ids()] == [run.run_id]


def test_paths_taken_in_a_block_stay_valid_after_it(store):
    with fitprint.start_run() as run:
        run.log_text("x", "a.txt")
        package = run._writer.begin_package(None)
        package.write("MLmodel", "x")
        run._writer.keep_package(package, "model", {})
        half = run._writer.begin_package(None)
        uri, path, model = run.info.artifact_uri, run.path, run.model_path
        assert strict(path / "run.json")["status"] == "RUNNING"
        assert path == store / run.run_id
    assert os.listdir(uri) == ["a.txt"]
    assert strict(path / "run.json")["status"] == "FINISHED"
    assert (model / "MLmodel").read_text() == "x"
    assert (os.listdir(store / ".open"), half.folder.exists()) == ([], False)


def test_the_layout_of_a_finished_run(store):
    with fitprint.start_run() as run:
        run.log_metric("loss", 0.5, step=1)
        run.log_text("hello", "notes/hello.txt")
        run.log_dict({"a": [1]}, "facts.json")
    assert files(run.path) == ["artifacts/facts.json", "artifacts/notes/hello.txt", "metrics.jsonl", "run.json"]
    assert list(strict(run.path / "run.json")) == [
        *("format", "run_id", "name", "status", "flavor", "experiment", "parent_id", "start", "end", "seconds"),
        *(
            "params",
            "default_params",
            "metrics",
            "evaluations",
            "tags",
            "tag_times",
            "artifacts",
            "models",
            "skipped",
            "error",
            "process",
        ),
    ]
    (line,) = (run.path / "metrics.jsonl").read_text().splitlines()
    written = json.loads(line)
    assert list(written) == ["name", "step", "value", "time"]
    assert (written["name"], written["step"], written["value"]) == ("loss", 1, 0.5)
    assert abs(written["time"] - datetime.now(UTC).timestamp()) < 3600


def test_a_new_store_is_left_out_of_git_and_one_that_exists_is_left_alone(store):
    with fitprint.start_run():
        pass
    assert (store / ".gitignore").read_text() == "*\n"
    (store / ".gitignore").unlink()
    shutil.rmtree(store / ".open")
    with fitprint.start_run() as run:
        pass
    assert sorted(path.name for path in store.iterdir() if path.name.startswith(".")) == [".open"]
    assert len(fitprint.runs()) == 2
    assert run.path.is_dir()


def test_the_folder_of_a_run_is_no_store(store, tmp_path):
    with fitprint.start_run("mine") as run:
        run.log_metric("loss", 0.5)
    copy = shutil.copytree(run.path, tmp_path / "best")
    one = open_store(str(copy))
    assert list(one.run_ids()) == [run.run_id]
    assert one.folder(run.run_id) == copy
    assert one.read_record(run.run_id)["name"] == "mine"
    with pytest.raises(UnknownRunError):
        one.read_record("0" * 32)
    for write in (one.begin, one.reopen, lambda run_id: one.join(run_id, "me")):
        with pytest.raises(StoreError, match="is the folder of a single run, not a store"):
            write(run.run_id)
    assert files(copy) == files(run.path)


def test_times_are_iso_8601_in_utc(store):
    with fitprint.start_run() as run:
        pass
    record = strict(run.path / "run.json")
    for name in ("start", "end"):
        moment = datetime.fromisoformat(record[name])
        assert moment.utcoffset().total_seconds() == 0
        assert abs((datetime.now(UTC) - moment).total_seconds()) < 3600
    assert record["start"] <= record["end"]


def test_json_is_strict_and_numbers_come_back(store):
    values = {"nan": math.nan, "up": math.inf, "down": -math.inf, "plain": 1.5}
    with fitprint.start_run() as run:
        for name, value in values.items():
            run.log_metric(name, value, step=3)
        run.log_params({"deep": {"list": [math.nan, {"x": -math.inf}]}, "nan": math.nan})
    record = strict(run.path / "run.json")
    assert record["metrics"] == {"nan": "NaN", "up": "Infinity", "down": "-Infinity", "plain": 1.5}
    assert record["params"] == {"deep": {"list": ["NaN", {"x": "-Infinity"}]}, "nan": "NaN"}
    for line in (run.path / "metrics.jsonl").read_text().splitlines():
        assert "NaN" not in line.replace('"NaN"', "")
        assert "Infinity" not in line.replace('"Infinity"', "").replace('"-Infinity"', "")
    read = fitprint.get_run(run.run_id)
    assert read.metrics == pytest.approx(values, nan_ok=True)
    assert all(type(value) is float for value in read.metrics.values())
    assert read.metric_history("down") == [(3, -math.inf)]
    assert math.isnan(read.metric_history("nan")[0][1])


@pytest.mark.parametrize(
    ("umask", "folder", "file"), [(0o022, 0o755, 0o644), (0o077, 0o700, 0o600), (0o002, 0o775, 0o664)]
)
def test_an_open_run_is_its_owner_s_alone_and_a_finished_one_as_the_umask_says(store, umask, folder, file):
    earlier = os.umask(umask)
    try:
        run = begin_run(current().settings(), "mine")
        run.log_text("x", "sub/a.txt")
        run.log_metric("m", 1)
        package = run._writer.begin_package(None)
        package.write("model.bin", "...")
        run._writer.keep_package(package, "model", {})
        assert mode(run.path) == 0o700
        run.end()
    finally:
        os.umask(earlier)
    for path in [run.path, *run.path.rglob("*")]:
        assert mode(path) == (folder if path.is_dir() else file), path
    assert mode(store) == mode(store / ".open") == folder


def test_a_finished_run_keeps_the_group_of_a_shared_folder(store):
    store.mkdir()
    store.chmod(0o2775)
    with fitprint.start_run() as run:
        pass
    assert run.path.stat().st_mode & stat.S_ISGID


def test_nothing_is_written_outside_of_the_store(store, tmp_path):
    with fitprint.start_run() as run:
        run.log_metric("m", 1)
    assert [path for path in tmp_path.iterdir() if path != store] == []


def test_records_are_replaced_whole(store):
    with fitprint.start_run() as run:
        before = (run.path / "run.json").stat().st_ino
        with open(run.path / "run.json", "rb") as reader:
            run.log_param("a", 1)
            assert json.loads(reader.read())["params"] == {}, "a reader sees what it opened"
        assert (run.path / "run.json").stat().st_ino != before
        assert not list(run.path.glob("*.partial"))


def test_a_later_log_rewrites_the_finished_record(store):
    with fitprint.start_run() as run:
        pass
    run.log_param("late", 1)
    run.log_metric("late", 2.0)
    record = strict(store / run.run_id / "run.json")
    assert (record["params"], record["metrics"], record["status"]) == ({"late": 1}, {"late": 2.0}, "FINISHED")


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "", ".", "..", "a\0b", "a/.."])
def test_artifacts_do_not_lead_outside(store, tmp_path, name):
    with fitprint.start_run() as run:
        with pytest.raises(ValueError, match=r"is not a valid artifact name: give a relative path of plain names"):
            run.log_text("x", name)
        assert run.artifacts == []
    assert files(tmp_path) == ["store/.gitignore", f"store/{run.run_id}/run.json"]


def test_an_artifact_has_one_name_however_it_is_spelled(store):
    with fitprint.start_run() as run:
        run.log_text("1", "a/./b.txt")
        run.log_text("2", "a//b.txt")
        run.log_text("3", "c/../a/b.txt")
    assert run.artifacts == ["a/b.txt"]
    assert (run.path / "artifacts/a/b.txt").read_text() == "3"


def test_ids_of_other_shapes_are_unknown_runs(store):
    with fitprint.start_run() as run:
        pass
    opened = open_store(str(store))
    for wrong in ("..", "", "0" * 31, "x" * 32, "../" * 11, "\0" * 32, run.run_id.upper() + "x"):
        for ask in (opened.folder, opened.read_record, opened.reopen):
            with pytest.raises(StoreError, match="no run"):
                ask(wrong)


def test_other_things_in_the_folder_are_no_runs(store):
    with fitprint.start_run() as run:
        pass
    (store / "notes.txt").write_text("x")
    (store / "0123").mkdir()
    (store / ".hidden").mkdir()
    assert list(open_store(str(store)).run_ids()) == [run.run_id]


def test_a_store_that_is_not_there_has_no_runs(store):
    assert fitprint.runs() == []
    assert not store.exists(), "reading makes nothing"
    with pytest.raises(StoreError, match="no run"):
        fitprint.get_run("0" * 32)


def test_a_run_that_is_discarded_leaves_nothing(store):
    run = begin_run(current().settings(), "never mind")
    run.log_text("x", "a.txt")
    run._writer.discard()
    assert files(store) == [".gitignore"]
    assert fitprint.runs() == []


@pytest.mark.parametrize("was_open", [True, False])
def test_what_a_killed_process_left_between_two_renames_is_put_in_its_place(store, was_open):
    with fitprint.start_run() as run:
        run.log_param("a", 1)
    folder = store / ".open" / run.run_id if was_open else run.path
    run.path.rename(folder)
    for name in ("model", ".replaced-model", ".replaced-other"):
        (folder / name).mkdir()
        (folder / name / "content").write_text(name)
    (folder / "run.json").rename(folder / "run.json.partial")
    taken = open_store(str(store)).take_over(run.run_id, was_open, lambda record: record["params"] == {"a": 1})
    assert taken.path == store / run.run_id
    assert strict(taken.path / "run.json")["params"] == {"a": 1}
    assert (taken.path / "model" / "content").read_text() == "model", "it had its new package already"
    assert (taken.path / "other" / "content").read_text() == ".replaced-other"


@pytest.mark.parametrize("was_open", [True, False])
def test_a_run_that_is_not_dead_is_not_taken_over(store, was_open):
    run = fitprint.start_run()
    if not was_open:
        run.end()
    before = files(store)
    assert open_store(str(store)).take_over(run.run_id, was_open, lambda record: False) is None
    assert open_store(str(store)).take_over("0" * 32, was_open, lambda record: True) is None
    assert files(store) == before


def test_a_reopened_run_stays_where_it_is_and_is_moved_only_if_it_was_open(store):
    with fitprint.start_run() as run:
        pass
    for folder in (store / run.run_id, store / ".open" / run.run_id):
        if not folder.exists():
            run.path.rename(folder)
        again = open_store(str(store)).reopen(run.run_id)
        assert again.path == folder
        again.finish()
        assert again.path == store / run.run_id
    assert run.path.is_dir()


def test_stores_are_found_by_the_scheme_of_their_url(tmp_path):
    assert isinstance(open_store(str(tmp_path)), FolderStore)
    with pytest.raises(ValueError, match=r"no store plugin serves s3:// \(installed: file\); give a folder"):
        open_store("s3://bucket")
