"""`fitprint show`: how a run is found, and that all of it is shown: what was recorded and what was not."""

from __future__ import annotations

import json
import re
import shutil

import pytest

import fitprint
from fitprint.testing.reset import forget_everything


@pytest.fixture
def run(store, sealed):
    """A run with something of everything."""
    with fitprint.start_run("the run", tags={"team": "a"}) as made:
        made.log_params({"rate": 0.1, "layers": [1, 2], "none": None, "long": "x" * 5000, "[bold]": "[red]a[/red]"})
        for step in range(3):
            made.log_metric("loss", 1 / (step + 1), step=step)
        made.log_metric("acc", 0.5)
        made.log_text("hello", "notes/a.txt")
        made._writer.skip("signature", "size", "the \x1breason")
        made._writer.record.seconds.update(training=1.5, recording=0.012)
        shutil.copytree(sealed(**{"model.bin": b"12345"}), made.path / "model")
        made._writer.record.models["model"] = {"flavor": "toy", "size": 5, "autologged": True}
        with fitprint.start_run("the child"):
            fitprint.log_metric("score", 0.25)
    return made


def test_everything_is_on_the_page(run, invoke):
    page = invoke("show", run.run_id).stdout
    text = re.sub(" +", " ", page)
    for wanted in (
        "the run FINISHED acc 0.5", run.run_id, "experiment default", "training 1.5 s", "recording 12 ms",
        "folder " + str(run.path), "loss 0.333333 3 steps\n", "acc 0.5\n", "rate 0.1\n", "layers [1, 2]\n",
        "none None\n", "[bold] [red]a[/red]", "team a\n", "notes/a.txt 5 B", "Model model toy, 5 B", "model.bin",
        "checksums.json", "requires toy==1.0", "signature size the \\x1breason", "the child",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert "x" * 199 + "…" in text
    assert "x" * 200 not in text
    assert all(line == line.rstrip() for line in page.splitlines())


def test_json_has_it_whole(run, document):
    found = document("show", run.run_id)
    assert found["params"] == run.params
    assert found["metrics"] == {"loss": 1 / 3, "acc": 0.5}
    assert found["steps"] == {"loss": 3, "acc": 1}
    assert found["artifacts"] == [{"name": "notes/a.txt", "size": 5}]
    assert found["skipped"] == [{"what": "signature", "rule": "size", "reason": "the \x1breason"}]
    assert found["seconds"] == {"training": 1.5, "recording": 0.012}
    assert found["path"] == str(run.path)
    model = found["models"][0]
    assert (model["name"], model["flavor"], model["size"], model["problem"]) == ("model", "toy", 5, None)
    assert model["requirements"] == ["toy==1.0"]
    assert {"name": "model.bin", "size": 5} in model["files"]
    child = found["children"][0]
    assert (child["name"], child["status"], child["metrics"]) == ("the child", "FINISHED", {"score": 0.25})
    assert list(found) == [
        "run_id", "name", "status", "flavor", "experiment", "parent_id", "path", "start", "end", "seconds", "process",
        "error", "params", "default_params", "metrics", "evaluations", "steps", "tags", "artifacts", "checkpoints",
        "models", "skipped", "children",
    ]  # fmt: skip


def test_a_run_is_found_by_many_names(run, document, store, monkeypatch):
    child = run.children[0]
    names = (run.run_id, run.run_id[:-1], "last", "latest", store / run.run_id, f"{store / run.run_id}/")
    assert [document("show", name)["run_id"] for name in names] == [run.run_id] * 6
    assert document("show", child.run_id[:30])["parent_id"] == run.run_id
    monkeypatch.chdir(run.path)
    assert document("show", ".")["run_id"] == run.run_id


def test_last_is_the_newest_run_that_is_no_child(store, document):
    with fitprint.start_run("first"), fitprint.start_run("child"), fitprint.start_run("grandchild"):
        pass
    assert document("show", "last")["name"] == "first"
    with fitprint.start_run("second"):
        pass
    assert document("show", "last")["name"] == "second"


def test_a_run_in_another_store_by_its_folder(run, document, tmp_path, monkeypatch):
    monkeypatch.setenv("FITPRINT_STORE", str(tmp_path / "nowhere"))
    forget_everything()
    found = document("show", run.path)
    assert found["run_id"] == run.run_id
    assert len(found["children"]) == 1


def test_an_open_run_by_its_folder(store, document, invoke):
    with fitprint.start_run("open") as made:
        assert document("show", made.path)["status"] == "RUNNING"
        assert "open for " in invoke("show", "last").stdout


def test_a_killed_run(store, invoke, run_python):
    run_python(
        "import fitprint, os\n"
        "run = fitprint.start_run('left')\n"
        "fitprint.log_param('a', 1)\n"
        "run._writer.write()\n"
        "os._exit(0)"
    )
    text = invoke("show", "last").stdout
    assert "left  KILLED" in text
    assert "never: process" in text


def test_a_failed_run_says_why(store, invoke, document):
    with fitprint.start_run("bad") as made:
        made._writer.record.error = {"type": "ValueError", "message": "two\nlines \x1b[0m"}
    assert "ValueError  two\\nlines \\x1b[0m" in invoke("show", "last").stdout
    assert document("show", "last")["error"] == {"type": "ValueError", "message": "two\nlines \x1b[0m"}


def test_a_broken_package_does_not_hide_the_run(run, invoke, document):
    (run.path / "model" / "MLmodel").write_text("{")
    assert "broken" in invoke("show", run.run_id).stdout
    assert "is not YAML" in document("show", run.run_id)["models"][0]["problem"]
    shutil.rmtree(run.path / "model")
    assert "there is no such folder" in document("show", run.run_id)["models"][0]["problem"]


def test_a_missing_artifact_is_said_to_be_missing(run, invoke, document):
    (run.path / "artifacts" / "notes" / "a.txt").unlink()
    assert re.search(r"notes/a\.txt +missing", invoke("show", run.run_id).stdout)
    assert document("show", run.run_id)["artifacts"] == [{"name": "notes/a.txt", "size": None}]


def test_a_history_cut_off_by_a_killed_process(run, document):
    with open(run.path / "metrics.jsonl", "a") as file:
        file.write('[]\n{"step": 1}\n{"name": "lo')
    assert document("show", run.run_id)["steps"] == {"loss": 3, "acc": 1}


def test_long_tables_are_cut_on_the_page_only(store, invoke, document):
    with fitprint.start_run("many") as made:
        made.log_params({f"p{i}": i for i in range(500)})
    text = invoke("show", "last").stdout
    assert "and 300 more: --json has all" in text
    assert "p199" in text
    assert "p200" not in text
    assert len(document("show", "last")["params"]) == 500


def test_many_children(store, invoke, document):
    with fitprint.start_run("parent"):
        for i in range(52):
            with fitprint.start_run(f"child {i}"):
                pass
    text = invoke("show", "last").stdout
    assert "the first 50 of 52" in text
    assert "child 49" in text
    assert "child 50" not in text
    assert len(document("show", "last")["children"]) == 52


def test_at_a_terminal_lines_fit_and_names_stay_whole(run, terminal, without_colours):
    for width in (80, 140):
        text = without_colours(terminal(width, "show", "last"))
        assert max(map(len, text.splitlines())) <= width
        assert re.search("  long +xxxx", text)
    assert "\x1b[32mFINISHED" in terminal(80, "show", "last")


def test_at_a_terminal_a_long_reason_is_shown_whole(store, terminal, without_colours):
    words = [f"word{i}" for i in range(60)]
    with fitprint.start_run("a") as made:
        made._writer.skip("model", "size", " ".join(words))
    text = without_colours(terminal(80, "show", "last"))
    assert [word for word in text.split() if word.startswith("word")] == words


def test_what_was_set_comes_first_and_the_defaults_last(run, terminal, without_colours, invoke, document):
    with fitprint.start_run("fitted") as made:
        made.log_params({"depth": 3, **{f"default_{number}": number for number in range(40)}})
        made.log_metrics({"fit_time": 1.5, "training_accuracy_score": 0.75, "val_accuracy": 0.5})
        made._writer.add_default_params(f"default_{number}" for number in range(40))
    text = without_colours(terminal(80, "show", "last"))
    parts = ["fitted  FINISHED  val_accuracy 0.5", "Params  40 more have default values", "  depth  3", "Metrics"]
    parts += ["\n  val_accuracy ", "  training_accuracy_score ", "  fit_time ", "Tags", "Params with default values"]
    assert [text.count(part) for part in parts] == [1] * len(parts)
    assert sorted(parts, key=text.index) == parts
    defaults = " ".join(text[text.index(parts[-1]) :].split()).removeprefix(parts[-1])
    assert defaults.split(", ")[1:] == [f"default_{number}={number}" for number in range(1, 40)]
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"\n  default_39 +39\n", invoke("show", "last").stdout)
    assert document("show", "last")["default_params"] == [f"default_{number}" for number in range(40)]


def test_a_prefix_of_several_runs_and_of_none(store, invoke):
    for name in "ab":
        with fitprint.start_run(name):
            pass
    assert invoke("show", "0", status=1).stderr == f"fitprint: 2 runs begin with '0' in {store}\n"
    assert invoke("show", "ff", status=1).stderr == f"fitprint: no run 'ff' in {store}\n"
    assert invoke("show", "f" * 32, status=1).stderr == f"fitprint: no run {'f' * 32} in {store}\n"


def test_a_run_that_was_copied_or_renamed_is_found_by_its_folder(run, tmp_path, document, invoke, monkeypatch):
    copied = shutil.copytree(run.path, tmp_path / "best")
    renamed = run.path.rename(run.path.with_name("my best"))
    for folder in (copied, renamed):
        found = document("show", folder)
        assert (found["run_id"], found["path"]) == (run.run_id, str(folder))
        assert found["metrics"] == {"loss": 1 / 3, "acc": 0.5}
        assert found["steps"] == {"loss": 3, "acc": 1}
        assert found["models"][0]["problem"] is None
    monkeypatch.chdir(tmp_path)
    for name in ("best", "./best", "best/"):
        assert document("show", name)["run_id"] == run.run_id
    assert "checksums.json" in invoke("inspect", "best").stdout


def test_paths_that_are_no_run(store, tmp_path, invoke):
    with fitprint.start_run("a") as made:
        pass
    assert "no run.json" in invoke("show", tmp_path / "nothing", status=1).stderr
    (made.path / "run.json").write_text(json.dumps({"format": 2}))
    assert "broken" in invoke("show", made.path, status=1).stderr


def test_last_in_an_empty_store(tmp_path, invoke):
    (tmp_path / "empty").mkdir()
    assert invoke("show", "last", "--store", "empty", status=1).stderr == f"fitprint: no runs in {tmp_path}/empty\n"


def test_what_other_processes_have_added_is_shown_with_the_rest(run, run_python, document, invoke):
    run_python(
        """
        import sys, fitprint
        with fitprint.start_run(run_id=sys.argv[1]) as run:
            run.log_param("theirs", 7)
            run.log_metrics({"loss": 0.25, "other": 2}, step=9)
            run.log_text("hello!", "notes/b.txt")
            run.set_tag("of", "another process")
        """,
        run.run_id,
    )
    found = document("show", run.run_id)
    assert found["params"]["theirs"] == 7
    assert found["metrics"] == {"loss": 0.25, "acc": 0.5, "other": 2.0}
    assert found["steps"] == {"loss": 4, "acc": 1, "other": 1}
    assert {"name": "notes/b.txt", "size": 6} in found["artifacts"]
    assert found["tags"]["of"] == "another process"
    text = re.sub(" +", " ", invoke("show", run.run_id).stdout)
    assert all(wanted in text for wanted in ("theirs 7\n", "loss 0.25 4 steps\n", "notes/b.txt 6 B", "another process"))
    row = next(row for row in document("runs", "--all")["runs"] if row["run_id"] == run.run_id)
    assert row["params"]["theirs"] == 7
    assert row["metrics"]["other"] == 2.0
