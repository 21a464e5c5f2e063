"""`fitprint runs`: which runs, in which order, how wide, and what it leaves unread and unimported."""

from __future__ import annotations

import json

import pytest

import fitprint
from fitprint.stores import open_store


def some_runs(count):
    for i in range(count):
        with fitprint.start_run(f"run {i}") as run:
            run.log_metrics({"loss": i / 10, "accuracy": 1 - i / 10})
    return [run.run_id for run in fitprint.runs()]


def names(text):
    return [line.split("\t")[1] for line in text.splitlines()[1:]]


def test_newest_first_with_whole_ids_where_there_is_no_terminal(store, invoke):
    ids = some_runs(3)
    lines = invoke("runs").stdout.splitlines()
    assert lines[0].split() == ["run", "name", "flavor", "status", "start", "took", "accuracy", "loss", "model"]
    assert [line.split()[0] for line in lines[1:]] == ids
    assert names(invoke("runs").stdout) == ["run 2", "run 1", "run 0"]
    assert "FINISHED" in lines[1]
    assert "0.2" in lines[1]
    assert "\x1b" not in invoke("runs").output


def test_the_newest_fifty_and_how_many_more(store, invoke, document):
    ids = some_runs(53)
    result = invoke("runs")
    assert [line.split()[0] for line in result.stdout.splitlines()[1:]] == ids[:50]
    assert result.stderr == "3 older runs: fitprint runs --all\n"
    assert [run["run_id"] for run in document("runs")["runs"]] == ids[:50]
    assert document("runs")["more"] is True
    everything = invoke("runs", "--all")
    assert [line.split()[0] for line in everything.stdout.splitlines()[1:]] == ids
    assert everything.stderr == ""
    assert document("runs", "--all")["more"] is False


def test_only_the_runs_shown_are_read(store, invoke):
    some_runs(51)
    oldest = fitprint.runs()[-1]
    (oldest.path / "run.json").write_text("broken")
    assert "broken" not in invoke("runs").output
    assert "broken" in invoke("runs", "--all", status=1).stdout


def test_one_experiment(store, invoke, document):
    with fitprint.start_run("a", experiment_id="first"):
        pass
    with fitprint.start_run("b", experiment_id="second"):
        pass
    assert names(invoke("runs", "--experiment", "first").stdout) == ["a"]
    assert [run["name"] for run in document("runs", "--experiment", "second")["runs"]] == ["b"]
    assert invoke("runs", "--experiment", "third").stdout == f"no runs of the experiment third in {store}\n"


def test_more_runs_of_one_experiment(store, invoke, document):
    fitprint.set_experiment("mine")
    some_runs(51)
    result = invoke("runs", "--experiment", "mine")
    assert len(result.stdout.splitlines()) == 51
    assert result.stderr == "older runs of mine: fitprint runs --all\n"
    assert len(document("runs", "--experiment", "mine", "--all")["runs"]) == 51


def test_children_beneath_their_parent_oldest_first(store, invoke):
    with fitprint.start_run("parent"):
        with fitprint.start_run("one"), fitprint.start_run("inner"):
            pass
        with fitprint.start_run("two"):
            pass
    with fitprint.start_run("later"):
        pass
    text = invoke("runs").stdout
    assert names(text) == ["later", "parent", "└ one", "  └ inner", "└ two"]


def test_a_child_whose_parent_is_not_listed_is_marked(store, invoke):
    with fitprint.start_run("parent"), fitprint.start_run("child", experiment_id="other"):
        pass
    assert "↳ child" in invoke("runs", "--experiment", "other").stdout


def test_a_circle_of_parents_loses_no_run(store, invoke):
    ids = some_runs(2)
    for one, other in (ids, ids[::-1]):
        path = store / one / "run.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "parent_id": other}))
    assert len(invoke("runs").stdout.splitlines()) == 3


def test_the_store_can_be_named(tmp_path, store, invoke):
    some_runs(1)
    fitprint.set_tracking_uri(str(tmp_path / "other"))
    some_runs(2)
    for name in (tmp_path / "other", "other", (tmp_path / "other").as_uri()):
        assert names(invoke("runs", "--store", name).stdout) == ["run 1", "run 0"]


def test_an_empty_store_is_no_error(tmp_path, invoke, document):
    (tmp_path / "empty").mkdir()
    assert invoke("runs", "--store", "empty").stdout == f"no runs in {tmp_path / 'empty'}\n"
    assert document("runs", "--store", "empty") == {"store": str(tmp_path / "empty"), "more": False, "runs": []}


def test_json_has_the_run_as_it_was_recorded(store, document):
    with fitprint.start_run("näme", tags={"team": "a"}) as run:
        run.log_params({"p": [1, None]})
        run.log_metrics({"m": float("nan"), "i": float("-inf"), "x": 0.1234567890123})
    found = document("runs")
    row = found["runs"][0]
    assert found["store"] == str(store)
    assert row["run_id"] == run.run_id
    assert (row["name"], row["status"], row["experiment"], row["parent_id"]) == ("näme", "FINISHED", "default", None)
    assert row["metrics"] == {"m": "NaN", "i": "-Infinity", "x": 0.1234567890123}
    assert row["params"] == {"p": [1, None]}
    assert row["tags"]["team"] == "a"
    assert row["start"] == run.start_time
    assert list(row) == [
        "run_id", "name", "flavor", "status", "experiment", "parent_id", "start", "end", "seconds", "metrics",
        "params", "tags", "models",
    ]  # fmt: skip


def test_a_broken_record_is_a_row_with_its_fault_after_the_others(store, invoke, document):
    newest, oldest = some_runs(2)
    (store / newest / "run.json").write_text('{"format": 2, "run_id"')
    result = invoke("runs", status=1)
    assert names(result.stdout) == ["run 0", ""]
    reason = f"{store / newest / 'run.json'} is broken: not JSON, or nested too deeply"
    assert result.stdout.endswith(f"\n{newest}\t\t\tUNREADABLE\t{reason}\n")
    assert result.stderr == ""
    assert document("runs", status=1)["unreadable"] == [{"run_id": newest, "reason": reason}]
    assert [run["run_id"] for run in document("runs", status=1)["runs"]] == [oldest]


@pytest.mark.parametrize(
    "change",
    [
        {"params": [1]}, {"metrics": "x"}, {"name": None}, {"start": 5}, {"models": {"model": 3}}, {"tags": 1},
        {"artifacts": {}}, {"seconds": []}, {"process": "x"}, {"skipped": [[1]]}, {"skipped": 3}, {"error": "x"},
        {"format": 4}, {"parent_id": 3}, {"metrics": {"m": None}}, {"metrics": {"m": "\x1b"}},
        {"metrics": {"m": 10**400}},
    ],
)  # fmt: skip
def test_a_record_of_other_types_is_broken_too(store, invoke, change):
    path = store / some_runs(1)[0] / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    listed, shown = invoke("runs", status=1).stdout, invoke("show", path.parent.name, status=1).stderr
    assert listed.startswith(f"{path.parent.name}\t\t\tUNREADABLE\t")
    assert shown.startswith("fitprint: ")
    assert (listed.count("\n"), shown.count("\n")) == (1, 1)


def test_values_of_odd_types_do_no_harm(store, invoke, document):
    path = store / some_runs(1)[0] / "run.json"
    odd = {"params": {"m": None, "l": [[]]}, "seconds": {"training": "x"}, "tags": {"a": {"b": 1}}}
    odd |= {"start": "never", "end": "9999-12-31T23:59:59+00:00", "error": {}, "models": {"m": {"size": "x"}}}
    odd |= {"artifacts": [3, "../x"], "skipped": [["model", 1, {}]]}
    path.write_text(json.dumps({**json.loads(path.read_text()), **odd}))
    assert "never" in invoke("runs").stdout
    assert "never" in invoke("show", "last").stdout
    assert "there is no such folder" in invoke("inspect", "last", status=1).stderr
    assert document("show", "last")["params"] == {"m": None, "l": [[]]}


def test_a_run_without_a_record_yet_or_no_longer_is_no_error(store, invoke):
    some_runs(1)
    (store / ".open" / ("f" * 32)).mkdir()
    result = invoke("runs")
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr == ""


def test_open_and_killed_runs(store, invoke, run_python):
    run_python("import fitprint, os\nfitprint.start_run('left')\nos._exit(0)")
    with fitprint.start_run("open"):
        lines = invoke("runs").stdout.splitlines()
    assert ["RUNNING" in line for line in lines[1:]] == [True, False]
    assert ["KILLED" in line for line in lines[1:]] == [False, True]


def test_nothing_of_the_users_reaches_the_terminal_raw(store, invoke):
    with fitprint.start_run("\x1b[31mred\x07\n\x9b\u202e [bold]漢字[/bold]") as run:
        run.log_metric("\x1bm", 1)
    text = invoke("runs").stdout
    assert "\\x1b[31mred\\x07\\n\\x9b\\u202e [bold]漢字[/bold]" in text
    assert "\\x1bm" in text
    assert all(letter.isprintable() or letter in "\n\t" for letter in text)


def test_at_a_terminal_the_ids_shown_find_their_runs(store, terminal, without_colours, invoke):
    ids = some_runs(12)
    shown = [line.split()[0] for line in without_colours(terminal(100, "runs")).splitlines()[-12:]]
    assert all(len(run_id) < 32 for run_id in shown)
    assert [fitprint.get_run(run_id).run_id for run_id in shown] == ids


def test_ids_get_as_many_digits_as_it_takes(store, terminal, without_colours):
    made = open_store(str(store))
    for tail in ("a", "b"):
        run_id = "01a20acd1afd7" + "0" * 10 + tail * 9
        opened = made.begin(run_id)
        opened.write_record({"format": 2, "run_id": run_id, "name": "twin", "status": "FINISHED"})
        opened.finish()
    shown = [line.split()[0] for line in without_colours(terminal(100, "runs")).splitlines()[1:]]
    assert shown == ["01a20acd1afd7" + "0" * 10 + "b", "01a20acd1afd7" + "0" * 10 + "a"]


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
def test_no_line_is_longer_than_the_terminal(store, terminal, without_colours, width):
    with fitprint.start_run("a name that is rather long, longer than any class is called " * 3) as run:
        run.log_metrics({"training_accuracy_score": 0.97333333, "validation_log_loss": 1e-12, "x": 123456.789})
    lines = without_colours(terminal(width, "runs")).splitlines()
    assert max(map(len, lines)) <= width
    assert "…" in lines[-1]
    assert ("FINISHED" in lines[-1]) == (width > 60)  # where all runs have finished, this column says least


def test_a_wide_terminal_shows_more_columns(store, terminal, without_colours):
    with fitprint.start_run("a") as run:
        run.log_metrics({"accuracy_score": 0.9733333, "validation_log_loss": 0.25, "gain": 12345})
        run._writer.record.flavor = "toy"
    narrow, wide = (without_colours(terminal(width, "runs")).splitlines()[-1].split() for width in (64, 120))
    assert "0.25" in narrow
    assert {"0.9733", "12345", "toy"} <= {*wide} - {*narrow}


def test_a_very_long_list_is_plain_lines_at_a_terminal_too(store, invoke, monkeypatch):
    some_runs(3)
    monkeypatch.setattr("fitprint.cli.runs.terminal_width", lambda: 80)
    assert "\t" not in invoke("runs").stdout
    monkeypatch.setattr("fitprint.cli.runs.MOST_ALIGNED", 2)
    assert names(invoke("runs").stdout) == ["run 2", "run 1", "run 0"]


def test_colours_at_a_terminal_only_where_they_are_wanted(store, terminal):
    some_runs(1)
    assert "\x1b[32mFINISHED" in terminal(80, "runs")
    assert "\x1b" not in terminal(80, "runs", NO_COLOR="1")
    assert "\x1b" not in terminal(80, "runs", TERM="dumb")


def test_neither_numpy_nor_a_framework_is_imported(store, run_python):
    some_runs(3)
    done = run_python(
        """
        import sys
        from fitprint.cli import main
        sys.argv = ["fitprint", "runs"]
        try:
            main()
        except SystemExit as end:
            assert end.code == 0, end.code
        heavy = {"numpy", "pandas", "scipy", "sklearn", "xgboost", "yaml", "rich", "fitprint_sklearn", "joblib"}
        assert not heavy & {*sys.modules}, heavy & {*sys.modules}
        """
    )
    assert "run 2" in done.stdout


def test_a_reader_that_has_gone_ends_it_quietly(store, run_python):
    some_runs(1)
    done = run_python(
        """
        import os, subprocess, sys
        reading, writing = os.pipe()
        os.close(reading)
        for arguments in (["runs"], ["runs", "--json"], ["show", "last"], ["flavors"]):
            command = [sys.executable, "-m", "fitprint", *arguments]
            done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE)
            print(done.returncode, done.stderr)
        """
    )
    assert done.stdout.splitlines() == ["1 b''"] * 4


def test_a_terminal_without_the_letters_of_a_name(store, command):
    with fitprint.start_run("漢"):
        pass
    assert "\\u6f22" in command("runs", PYTHONIOENCODING="latin-1").stdout
    assert "\\u6f22" in command("show", "last", PYTHONIOENCODING="latin-1").stdout
    assert json.loads(command("runs", "--json", PYTHONIOENCODING="latin-1").stdout)["runs"][0]["name"] == "漢"


def test_times_are_local(store, command):
    with fitprint.start_run("a"):
        pass
    path = store / fitprint.runs()[0].run_id / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "start": "2026-01-31T23:30:00.123456+00:00"}))
    assert "2026-02-01 02:30:00" in command("runs", TZ="XXX-3").stdout
