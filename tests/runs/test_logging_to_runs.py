"""The `log_*` calls: on which run they act, what they write, and what they refuse."""

from __future__ import annotations

import json
import math
import os
import textwrap
import threading

import numpy as np
import pytest
import yaml

import fitprint
from fitprint._runs import waiting, writer


class Figure:
    """What matplotlib's figure has."""

    def savefig(self, file, format):
        file.write(f"drawn as {format}".encode())


def test_where_there_is_no_run_one_is_started(store):
    assert fitprint.log_param("a", 1) == 1
    run = fitprint.active_run()
    fitprint.log_metric("m", 2)
    fitprint.end_run()
    assert (run.status, run.params, run.metrics) == ("FINISHED", {"a": 1}, {"m": 2.0})
    assert fitprint.active_run() is None
    assert fitprint.last_active_run().run_id == run.run_id


def test_names_that_differ_in_case_alone_replace_nothing(store):
    with fitprint.start_run() as run:
        fitprint.log_text("one", "notes.txt")
        fitprint.log_text("two", "Notes.txt")  # another file, where the disk tells them apart
        for _ in range(2):
            fitprint.log_text("three", "notes.txt")
        fitprint.log_text("one", "log/a.txt")
        # as a disk answers that does not tell them apart
        (run.path / "artifacts" / "LOG").symlink_to(run.path / "artifacts" / "log")
        (run.path / "artifacts" / "LOG" / "A.txt").symlink_to(run.path / "artifacts" / "log" / "a.txt")
        with pytest.raises(FileExistsError, match=r"'LOG/A.txt' cannot be written, .* the artifact 'log/a.txt': give"):
            fitprint.log_text("two", "LOG/A.txt")
    assert run.artifacts == ["notes.txt", "Notes.txt", "log/a.txt"]
    assert [(run.path / "artifacts" / name).read_text() for name in run.artifacts] == ["three", "two", "one"]
    assert run.status == "FINISHED"


def test_calls_go_to_the_active_run(store):
    with fitprint.start_run() as outer:
        with fitprint.start_run() as inner:
            fitprint.log_param("a", 1)
            fitprint.log_params({"b": 2})
            fitprint.log_metric("m", 1)
            fitprint.log_metrics({"n": 2}, step=4)
            fitprint.set_tag("t", 1)
            fitprint.set_tags({"u": 2})
        fitprint.log_param("a", "outer")
    assert inner.params == {"a": 1, "b": 2}
    assert inner.metrics == {"m": 1.0, "n": 2.0}
    assert (inner.tags["t"], inner.tags["u"]) == ("1", "2")
    assert outer.params == {"a": "outer"}


def test_without_an_active_run_calls_go_to_the_latest_training(store, toy):
    fitprint.autolog("toy", quiet=True)
    first = toy.imported().Mean().fit([1], [2])
    second = toy.imported().Mean().fit([1], [2])
    fitprint.log_metric("later", 0.5)
    fitprint.log_text("x", "later.txt")
    found = fitprint.get_run(fitprint.run_of(second).run_id)
    assert found.metrics["later"] == 0.5
    assert "later.txt" in found.artifacts
    assert "later" not in fitprint.run_of(first).metrics
    with fitprint.start_run() as active:
        fitprint.log_metric("active", 1)
    assert active.metrics == {"active": 1.0}


def test_params_keep_their_values(store):
    class Odd:
        def __repr__(self):
            return "<odd>"

    values = {
        "int": 1,
        "float": 0.1,
        "none": None,
        "bool": True,
        "text": "ü",
        "list": [1, "a", None],
        "tuple": (1, 2),
        "dict": {"a": {"b": [0.5]}},
        "numpy float": np.float64(0.5),
        "numpy int": np.int8(3),
        "numpy bool": np.bool_(True),
        "class": dict,
        "function": json.dumps,
        "object": Odd(),
        "huge": 10**10_000,
        5: "key",
        "surrogate": "\udcff",
    }
    with fitprint.start_run() as run:
        run.log_params(values)
    expected = {**values, "tuple": [1, 2], "numpy float": 0.5, "numpy int": 3, "numpy bool": True, "5": "key"}
    expected |= {"class": "dict", "function": "json.dumps", "object": "<odd>"}
    expected["huge"] = "a whole number of 33220 bits"
    del expected[5]
    assert fitprint.get_run(run.run_id).params == run.params == expected


def test_long_values_are_bounded(store):
    with fitprint.start_run() as run:
        run.log_params({"text": "x" * 10**6, "list": list(range(10**5)), "deep": deep(50), "array": np.zeros(10**6)})
    assert (run.path / "run.json").stat().st_size < 200_000
    assert run.params["list"].startswith("100,000 values: [0, 1, 2")


def deep(levels):
    return [deep(levels - 1)] if levels else "end"


def test_a_value_whose_repr_fails_raises_for_the_caller_and_leaves_the_run_whole(store):
    class Bad:
        def __repr__(self):
            raise ValueError("no repr")

    with fitprint.start_run() as run:
        with pytest.raises(ValueError, match="no repr"):
            run.log_param("bad", Bad())
        run.log_param("good", 1)
    assert fitprint.get_run(run.run_id).params == {"good": 1}


def test_the_history_of_a_metric(store):
    with fitprint.start_run() as run:
        for step in range(3):
            run.log_metric("loss", 1 / (step + 1), step=step)
        run.log_metric("other", 7)
        run.log_metric("loss", np.float32(0.25), step=np.int64(9))
        run.log_metric("odd \n \u2028 \x85 name", 1, step=-2)
        assert run.metric_history("loss") == [(0, 1.0), (1, 0.5), (2, 1 / 3), (9, 0.25)], "while it is open"
    found = fitprint.get_run(run.run_id)
    assert found.metric_history("loss") == [(0, 1.0), (1, 0.5), (2, 1 / 3), (9, 0.25)]
    assert found.metrics["loss"] == 0.25
    assert found.metric_history("other") == [(0, 7.0)]
    assert found.metric_history("odd \n \u2028 \x85 name") == [(-2, 1.0)]
    assert found.metric_history("none of them") == []


def test_values_that_are_still_buffered_are_in_the_history(store):
    with fitprint.start_run() as run:
        run._writer.add_series("loss", [1.0, 0.5], [3, 4], [0.0, 0.0])
        assert run.metric_history("loss") == [(3, 1.0), (4, 0.5)]
    assert fitprint.get_run(run.run_id).metric_history("loss") == [(3, 1.0), (4, 0.5)]


def test_metrics_that_come_fast_do_not_write_the_record_each_time(store, monkeypatch):
    monkeypatch.setattr("fitprint._runs.adder.FLUSH_INTERVAL", 1000.0)
    with fitprint.start_run() as run:
        run.log_metric("loss", 1.0)
        run._writer._slow_until = float("-inf")  # the time after the first value is over
        with open(run.path / "run.json", "rb") as record:
            run.log_metric("loss", 0.5)
            run.log_metric("loss", 0.25)
            assert os.path.samestat(os.fstat(record.fileno()), os.stat(run.path / "run.json"))


@pytest.mark.parametrize("value", ["high", None, [1], 1j, {}])
def test_what_is_no_number_is_no_metric(store, value):
    with fitprint.start_run() as run:
        with pytest.raises(ValueError, match="the value of metric 'm' must be a number"):
            run.log_metric("m", value)
        with pytest.raises(ValueError, match="the value of metric 'm' must be a number"):
            run.log_metrics({"good": 1, "m": value})
    assert run.metrics == {}, "none of them, rather than half"


@pytest.mark.parametrize("step", ["first", 1.5, math.nan, math.inf, [1]])
def test_what_is_no_whole_number_is_no_step(store, step):
    with fitprint.start_run() as run, pytest.raises(ValueError, match="a step must be a whole number"):
        run.log_metric("m", 1, step=step)
    assert run.metrics == {}


def test_a_last_line_cut_off_by_a_death_is_passed_over(store):
    with fitprint.start_run() as run:
        run.log_metric("m", 1)
    with open(run.path / "metrics.jsonl", "a") as file:
        file.write('{"name": "m", "step": 1, "val')
    assert fitprint.get_run(run.run_id).metric_history("m") == [(0, 1.0)]


def test_artifacts_from_files_and_folders(store, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"\0\xff")
    (folder / "deep" / "b.txt").write_text("b")
    with fitprint.start_run() as run:
        fitprint.log_artifact(folder / "a.bin")
        fitprint.log_artifact(str(folder / "a.bin"), "into/here")
        fitprint.log_artifact(folder, "whole")
        monkeypatch.chdir(folder)
        fitprint.log_artifact(".", "here/")
        with pytest.raises(FileNotFoundError, match=r"cannot log .*missing: there is no such file or folder"):
            fitprint.log_artifact(folder / "missing")
        for outside in ("..", "/elsewhere", "a/../../.."):
            with pytest.raises(ValueError, match="is not a valid artifact name"):
                fitprint.log_artifact("a.bin", outside)
    both = ["data/a.bin", "data/deep/b.txt"]
    names = ["a.bin", "into/here/a.bin", *(f"whole/{name}" for name in both), *(f"here/{name}" for name in both)]
    assert run.artifacts == names
    assert (run.path / "artifacts/into/here/a.bin").read_bytes() == b"\0\xff"
    assert fitprint.get_run(run.run_id).artifacts == names


def test_artifacts_from_values(store):
    value = {"b": [1, np.float64(2.5)], "a": {"ü": None, "nan": math.nan}}
    with fitprint.start_run() as run:
        fitprint.log_dict(value, "facts/v.json")
        fitprint.log_dict(value, "v.yaml")
        fitprint.log_dict([1, 2], "l.yml")
        fitprint.log_text("größer\r\n", "t.txt")
        fitprint.log_text("again", "t.txt")
        fitprint.log_figure(Figure(), "f.svg")
        fitprint.log_figure(Figure(), "plain")
        with pytest.raises(TypeError, match="log_figure takes a matplotlib or plotly figure, not str"):
            fitprint.log_figure("figure", "f.png")
    place = run.path / "artifacts"
    assert json.loads((place / "facts/v.json").read_text("utf-8")) == {"b": [1, 2.5], "a": {"ü": None, "nan": "NaN"}}
    assert list(yaml.safe_load((place / "v.yaml").read_text("utf-8"))) == ["b", "a"], "in their own order"
    assert yaml.safe_load((place / "l.yml").read_text()) == [1, 2]
    assert (place / "t.txt").read_text() == "again"
    assert ((place / "f.svg").read_text(), (place / "plain").read_text()) == ("drawn as svg", "drawn as png")
    assert run.artifacts == ["facts/v.json", "v.yaml", "l.yml", "t.txt", "f.svg", "plain"]


def test_many_threads_log_to_one_run_and_nothing_is_lost(store):
    with fitprint.start_run() as run:

        def work(number):
            for step in range(200):
                run.log_metric(f"m{number}", step, step=step)
                if step % 20 == 0:
                    run.log_params({f"p{number}.{step}": step})
                    run.log_text(str(step), f"{number}/{step}.txt")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = fitprint.get_run(run.run_id)
    for number in range(4):
        assert found.metric_history(f"m{number}") == [(step, float(step)) for step in range(200)]
    assert len(found.params) == len(found.artifacts) == 40


class Tensor:
    """What a tensor of torch has: it takes the place of none of its two elements."""

    ndim = 1

    def item(self):
        raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")


@pytest.mark.parametrize("value", [np.array([2.0]), np.array([[2]]), np.array(2), np.float32(2)], ids=repr)
def test_a_metric_may_be_an_array_of_one_element(store, value):
    with fitprint.start_run() as run:
        fitprint.log_metric("m", value)
    assert run.metrics == {"m": 2.0}


@pytest.mark.parametrize(
    "value", [np.array([2.0, 3.0]), np.array([]), Tensor(), "high", None], ids=lambda v: type(v).__name__
)
def test_a_metric_is_one_number(store, value):
    with fitprint.start_run() as run, pytest.raises(ValueError, match="the value of metric 'm' must be a number"):
        fitprint.log_metric("m", value)
    assert run.metrics == {}


def test_metrics_have_the_time_that_is_given(store):
    with fitprint.start_run() as run:
        fitprint.log_metric("m", 1, step=3, timestamp=1_700_000_000_123, synchronous=True)
        fitprint.log_metrics({"n": 2}, timestamp=1_700_000_000_000)
        with pytest.raises(ValueError, match="a timestamp is a number of milliseconds since the epoch, not 'now'"):
            fitprint.log_metric("m", 1, timestamp="now")
    lines = map(json.loads, (run.path / "metrics.jsonl").read_text().splitlines())
    assert [(line["name"], line["step"], line["time"]) for line in lines] == [
        ("m", 3, 1_700_000_000.123),
        ("n", 0, 1_700_000_000.0),
    ]


def test_what_has_no_meaning_is_told_and_what_is_unknown_is_an_error(store, caplog):
    with fitprint.start_run():
        fitprint.log_metric("m", 1, model_id="m-1")
        with pytest.raises(TypeError, match=r"log_param\(\) got an unexpected keyword argument 'stepp'"):
            fitprint.log_param("p", 1, stepp=2)
    assert "log_metric(): model_id has no effect in fitprint and is ignored" in caplog.text


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "open"])
def test_calls_go_to_the_run_of_an_id(store, tmp_path, ended):
    run = fitprint.start_run("other")
    if ended:
        fitprint.end_run("FAILED")
    run_id = run.run_id
    (tmp_path / "a.txt").write_text("a")
    with fitprint.start_run("active") as active:
        fitprint.log_metric("m", 1, run_id=run_id)
        fitprint.log_metrics({"n": 1}, run_id=run_id)
        fitprint.log_params({"p": 1}, run_id=run_id)
        fitprint.log_artifact(tmp_path / "a.txt", run_id=run_id)
        fitprint.log_text("b", "b.txt", run_id=run_id)
        fitprint.log_dict({}, "c.json", run_id=run_id)
    assert (active.metrics, active.params, active.artifacts) == ({}, {}, [])
    found = fitprint.get_run(run_id)
    assert found.status == ("FAILED" if ended else "RUNNING")
    assert (found.metrics, found.params) == ({"m": 1.0, "n": 1.0}, {"p": 1})
    assert sorted(found.artifacts) == ["a.txt", "b.txt", "c.json"]
    with pytest.raises(fitprint.stores.StoreError):
        fitprint.log_metric("m", 1, run_id="f" * 32)


def test_log_artifacts_copies_what_is_in_a_folder(store, tmp_path):
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    (tmp_path / "folder" / "a.txt").write_text("a")
    (tmp_path / "folder" / "sub" / "b.txt").write_text("b")
    with fitprint.start_run() as run:
        fitprint.log_artifacts(tmp_path / "folder")
        fitprint.log_artifacts(str(tmp_path / "folder"), "deep/er")
        with pytest.raises(NotADirectoryError, match="it is not a folder"):
            fitprint.log_artifacts(tmp_path / "folder" / "a.txt")
    assert sorted(run.artifacts) == ["a.txt", "deep/er/a.txt", "deep/er/sub/b.txt", "sub/b.txt"]


def test_a_figure_is_saved_with_the_given_arguments(store):
    class WithOptions(Figure):
        def savefig(self, file, format, dpi):
            file.write(f"{format} at {dpi}".encode())

    with fitprint.start_run() as run:
        fitprint.log_figure(WithOptions(), "f.svg", save_kwargs={"dpi": 50})
    assert (run.path / "artifacts" / "f.svg").read_text() == "svg at 50"


@pytest.mark.parametrize("ended", [False, True])
def test_changes_that_come_fast_are_written_together(store, monkeypatch, ended):
    monkeypatch.setattr(writer, "BURST", 0.0)  # as if writing had taken its share of the time
    with fitprint.start_run() as run:
        file = run.path / "run.json"
        if not ended:
            before = file.read_bytes()
            log_some(run)
            assert file.read_bytes() == before
            assert fitprint.get_run(run.run_id).params == {"p": 1}, "reading writes it first"
            log_some(run, 2)
            assert run.params == {"p": 2}
    if ended:
        before = file.read_bytes()
        log_some(run)
        assert file.read_bytes() == before
        fitprint.runs()
        log_some(run, 2)
        with fitprint.start_run():  # beginning another run writes it
            assert json.loads(file.read_bytes())["params"] == {"p": 2}
    read = json.loads(file.read_bytes())
    assert (read["params"], read["tags"]["t"], read["artifacts"]) == ({"p": 2}, "2", ["a.txt"])
    assert waiting._waiting == set()


def log_some(run, value=1):
    run.log_param("p", value)
    run.set_tag("t", value)
    run.log_text("x", "a.txt")


def test_changes_that_wait_are_written_at_exit(store, run_python):
    script = """
    import fitprint
    from fitprint._runs import writer
    writer.BURST = 0.0
    run = fitprint.start_run()
    run.log_param("p", 1)
    print(run.run_id)
    """
    run_id = run_python(textwrap.dedent(script)).stdout.strip()
    assert json.loads((store / run_id / "run.json").read_bytes())["params"] == {"p": 1}


def test_writing_takes_a_share_of_the_time(store, monkeypatch):
    with fitprint.start_run() as run:
        own = run._writer
        assert own._may_write()
        own._allowance = -1.0
        assert not own._may_write()
        own._paced -= 1.0 / writer.SHARE
        assert own._may_write()
