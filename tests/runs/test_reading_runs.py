"""Reading runs back: lists, tables, broken records, and what is shown of them."""

from __future__ import annotations

import json
import os
import re
import shutil

import pandas
import pytest

import fitprint
from fitprint._core import guard as _guard
from fitprint._runs.gc import clean
from fitprint._runs.record import model_skip
from fitprint.stores import StoreError, open_store


def make(name, **metrics):
    with fitprint.start_run(name) as run:
        run.log_metrics(metrics)
    return run


def test_runs_come_newest_first_open_ones_too(store):
    first, second = make("first"), make("second")
    third = fitprint.start_run("third")
    assert [run.run_id for run in fitprint.runs()] == [third.run_id, second.run_id, first.run_id]
    assert [run.name for run in fitprint.runs(newest=2)] == ["third", "second"]


def test_runs_of_another_store_are_read_by_its_place(store, tmp_path):
    make("here")
    fitprint.set_tracking_uri(tmp_path / "other")
    there = make("there")
    fitprint.set_tracking_uri(store)
    assert [run.name for run in fitprint.runs()] == ["here"]
    assert [run.name for run in fitprint.runs(str(tmp_path / "other"))] == ["there"]
    assert fitprint.get_run(there.run_id, str(tmp_path / "other")).name == "there"


def test_a_run_is_found_by_the_beginning_of_its_id(store):
    first = make("first")
    assert fitprint.get_run(first.run_id[:20]).run_id == first.run_id
    make("second")
    with pytest.raises(StoreError, match=r"2 runs begin with '0' in .*store"):
        fitprint.get_run("0")
    for unknown in ("f", "", "x"):
        with pytest.raises(StoreError, match=r"no run '.*' in|2 runs begin with ''"):
            fitprint.get_run(unknown)


def test_search_runs_has_mlflow_s_columns(store):
    fitprint.set_experiment("e")
    with fitprint.start_run("mine", tags={"team": "x"}) as run:
        run.log_param("depth", 3)
        run.log_metric("loss", float("nan"))
    make("other", score=1)
    frame = fitprint.search_runs()
    assert list(frame["run_id"]) == [run.run_id for run in fitprint.runs()]
    mine = frame.set_index("run_id").loc[run.run_id]
    assert (mine["status"], mine["params.depth"], mine["tags.team"], mine["run_name"]) == ("FINISHED", 3, "x", "mine")
    assert pandas.isna(mine["metrics.loss"])
    assert pandas.isna(mine["metrics.score"])
    assert mine["artifact_uri"] == str(run.path / "artifacts")
    assert mine["start_time"].tzinfo is not None
    assert mine["start_time"] <= mine["end_time"]
    assert {"experiment", "parent_id"} <= {*frame.columns}


def test_search_runs_can_be_narrowed_and_is_a_table_when_empty(store):
    assert list(fitprint.search_runs().columns[:3]) == ["run_id", "run_name", "status"]
    assert len(fitprint.search_runs()) == 0
    fitprint.set_experiment("a")
    make("1")
    make("2")
    fitprint.set_experiment("b")
    make("3")
    assert list(fitprint.search_runs("a")["run_name"]) == ["2", "1"]
    assert list(fitprint.search_runs(["a", "b"], max_results=2)["run_name"]) == ["3", "2"]
    assert len(fitprint.search_runs(["nope"])) == 0
    with pytest.raises(TypeError, match="does not read filter_string"):
        fitprint.search_runs(filter_string="metrics.m > 1")


def test_a_running_run_has_no_end(store):
    fitprint.start_run()
    assert fitprint.search_runs()["end_time"].isna().all()


BROKEN = {
    "empty": "",
    "cut off": '{"format": 2, "run_id"',
    "a list": "[1]",
    "another format": '{"format": 3}',
    "no name": '{"format": 2}',
    "params": '{"format": 2, "run_id": "a", "name": "b", "params": [1]}',
    "metrics": '{"format": 2, "run_id": "a", "name": "b", "metrics": {"m": "high"}}',
    "a metric of none": '{"format": 2, "run_id": "a", "name": "b", "metrics": {"m": null}}',
    "skipped": '{"format": 2, "run_id": "a", "name": "b", "skipped": [[1]]}',
    "process": '{"format": 2, "run_id": "a", "name": "b", "process": 3}',
    "start": '{"format": 2, "run_id": "a", "name": "b", "start": 3}',
    "models": '{"format": 2, "run_id": "a", "name": "b", "models": {"model": 1}}',
    "not even text": b"\xff\xfe{}",
    "deep": "[" * 100_000,
    "deep params": '{"format": 2, "run_id": "a", "name": "b", "params": {"p": %s}}' % ("[" * 200 + "]" * 200),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_record_is_told_once_and_passed_over(store, caplog, content):
    _guard.reset_warned()
    good, broken = make("good"), make("broken")
    file = broken.path / "run.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with caplog.at_level("WARNING", logger="fitprint"):
        for _ in range(2):
            assert [run.run_id for run in fitprint.runs()] == [good.run_id]
        assert list(fitprint.search_runs()["run_id"]) == [good.run_id]
        assert good.children == []
    (line,) = caplog.messages
    assert broken.run_id in line
    assert str(store) in line
    assert "\n" not in line
    with pytest.raises(StoreError, match=broken.run_id):
        fitprint.get_run(broken.run_id)


def a_pipe(file):
    os.mkfifo(file)


def a_device(file):
    file.symlink_to("/dev/zero")


def a_sparse_giant(file):
    with open(file, "wb") as opened:
        opened.truncate(1 << 40)


def a_folder(file):
    file.mkdir()


def a_link_to_itself(file):
    file.symlink_to(file)


@pytest.mark.parametrize("make_special", [a_pipe, a_device, a_sparse_giant, a_folder, a_link_to_itself])
def test_what_is_no_file_of_lines_is_told_at_once_and_hides_no_other_run(store, caplog, make_special):
    _guard.reset_warned()
    good, special, values, also = (make(name) for name in ("good", "special", "values", "also"))
    for run, name in ((special, "run.json"), (values, "metrics.jsonl")):
        (run.path / name).unlink(missing_ok=True)
        make_special(run.path / name)
    (also.path / "also").mkdir()
    make_special(also.path / "also" / "x.jsonl")
    with caplog.at_level("WARNING", logger="fitprint"):
        assert [run.run_id for run in fitprint.runs()] == [values.run_id, good.run_id]
    assert len(caplog.messages) == 2
    with pytest.raises(StoreError, match=r"metrics\.jsonl cannot be read"):
        fitprint.get_run(values.run_id).metric_history("m")
    assert [cleaned.run_id for cleaned in clean(open_store(str(store)))] == [special.run_id]


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"name": "m", "step": {}, "value": 1}',
        '{"name": "m", "step": 0, "value": []}',
        '{"name": "m", "step": 0, "value": 1, "time": "noon"}',
        '{"name": ["m"], "step": 1e400, "value": 1}',
        "[1]",
        "\x00" * 1000,
    ],
)
def test_lines_of_metrics_that_cannot_be_read_are_left_out(store, line):
    with fitprint.start_run() as run:
        run.log_metric("m", 1.0)
    with open(run.path / "metrics.jsonl", "a") as file:
        file.write(line + "\n" + '{"name": "m", "step": 1, "value": 2.0, "time": 1.0}\n')
    assert fitprint.get_run(run.run_id).metric_history("m") == [(0, 1.0), (1, 2.0)]


def test_tags_and_errors_of_other_types_are_texts(store):
    run = make("odd")
    file = run.path / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "tags": {"framework_version": 1}, "error": {"a": 1}}))
    read = fitprint.get_run(run.run_id)
    assert (read.tags, read.error) == ({"framework_version": "1"}, {"type": "", "message": "", "a": "1"})
    assert "odd" in read._repr_html_()


def test_a_copied_folder_is_a_run_with_the_name_of_its_folder(store):
    run = make("copied")
    shutil.copytree(run.path, store / ("f" * 32))
    copy = fitprint.get_run("f" * 32)
    assert (copy.run_id, copy.path, copy.name) == ("f" * 32, store / ("f" * 32), "copied")
    assert [run.run_id for run in fitprint.runs()] == ["f" * 32, run.run_id]


def test_a_record_of_a_later_release_is_read_without_what_it_does_not_know(store):
    run = make("later")
    file = run.path / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "brand_new": {"x": 1}}))
    assert fitprint.get_run(run.run_id).name == "later"


def test_a_broken_time_does_not_spoil_the_table(store):
    run = make("odd")
    file = run.path / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "start": "yesterday"}))
    make("good")
    assert list(fitprint.search_runs()["start_time"].isna()) == [False, True]


def test_unreadable_records_are_told(store, caplog):
    _guard.reset_warned()
    run = make("a folder in its place")
    (run.path / "run.json").unlink()
    (run.path / "run.json").mkdir()
    with caplog.at_level("WARNING", logger="fitprint"):
        assert fitprint.runs() == []
    assert "run.json cannot be read: it is not a regular file" in caplog.text


def test_a_store_that_cannot_be_read_is_an_error(store):
    store.write_text("a file in its place")
    with pytest.raises(StoreError, match="store cannot be read: Not a directory"):
        fitprint.runs()


def test_a_folder_without_a_record_is_passed_over(store, caplog):
    run = make("gone")
    (run.path / "run.json").unlink()
    assert fitprint.runs() == []


HOSTILE = "<script>alert('x')</script>&\"<b>"


def test_what_is_shown_in_a_notebook_is_escaped_and_has_no_script(store):
    with fitprint.start_run(HOSTILE, tags={HOSTILE: HOSTILE}) as run:
        run.log_param(HOSTILE, HOSTILE)
        run.log_metric(HOSTILE, 1)
        run.log_text("x", "<i>.txt")
        run._writer.skip(HOSTILE, HOSTILE, HOSTILE)
        run._writer.record.error = {"type": HOSTILE, "message": HOSTILE}
    for shown in (run._repr_html_(), fitprint.runs()._repr_html_(), fitprint.status()._repr_html_()):
        tags = set(re.findall(r"</?([a-zA-Z]+)", shown))
        assert tags <= {
            *("table", "caption", "thead", "tbody", "tr", "th", "td"),
            *("div", "span", "b", "details", "summary"),
        }
        assert "<script" not in shown
    assert "&lt;script&gt;" in run._repr_html_()


def test_reprs_are_one_line(store):
    assert repr(fitprint.runs()) == "<0 runs>"
    runs = [make(f"r{number}", loss=0.123456, n=3) for number in range(4)]
    assert repr(runs[0]) == f"<Run {runs[0].run_id} r0 FINISHED loss 0.1235>"
    assert repr(fitprint.runs()) == "<4 runs: r3 FINISHED, r2 FINISHED, r1 FINISHED, ...>"
    assert "\n" not in repr(fitprint.status())


def test_what_a_run_gives_cannot_change_it(store):
    run = make("mine", m=1)
    run.params["a"] = run.tags["a"] = run.metrics["a"] = run.seconds["a"] = 1
    run.artifacts.append("a")
    run.skipped.append("a")
    found = fitprint.get_run(run.run_id)
    assert (found.params, found.artifacts, found.skipped, found.metrics) == ({}, [], [], {"m": 1.0})
    assert "a" not in run.tags
    assert run.seconds == found.seconds == {}


def test_a_package_that_a_run_does_not_have_is_named_in_the_reason():
    assert model_skip("model", "gc", "no room") == ("model", "gc", "no room")
    assert model_skip("model-2", "gc", "no room") == ("model model-2", "gc", "no room")
