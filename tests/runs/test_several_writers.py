"""Several threads, processes and programs that add to one run at the same time: nothing is lost, whoever dies when."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import fitprint
from fitprint._runs.gc import clean
from fitprint._runs.open import begin_run
from fitprint._runs.side_writer import SideWriter, side_writer
from fitprint._settings.layers import current
from fitprint.stores import open_store

FORMAT_1 = Path(__file__).parents[1] / "fixtures" / "runs-format-1"
FORMAT_2 = Path(__file__).parents[1] / "fixtures" / "runs-format-2"
FINISHED_1, OPEN_1 = "01a22901d7a67b85839d3b6436b4dc48", "01a22901d7b27a9b8c215ba0fc5a5714"
LONG = 60.0
"""Seconds after which a test gives up waiting for another process."""

ANOTHER = """
import os, sys
import fitprint
run_id = sys.argv[1]
"""


def wait_until(condition, what):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.02)


class Program:
    """Another program that does one step of its script for each line that it is sent."""

    def __init__(self, script, run_id):
        steps = f"{ANOTHER}\ndef pause(word):\n    print(word, flush=True)\n    sys.stdin.readline()\n{script}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", steps, run_id], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def wait_for(self, word):
        assert self.process.stdout.readline().strip() == word

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def program(starts_processes, store):
    programs = []

    def start(script, run_id=""):
        programs.append(Program(script, run_id))
        return programs[-1]

    yield start
    for program in programs:
        program.process.kill()
        program.process.communicate()


def side_files(run):
    return sorted(path.name for path in (fitprint.get_run(run.run_id).path / "also").glob("*"))


# processes that a run is given to


def log_all(run, number):
    run.log_param(f"param{number}", number)
    for step in range(5):
        run.log_metric("shared", number, step=step)
        run.log_metric(f"own{number}", step, step=step)
    run.set_tag(f"tag{number}", "x")
    run.log_text(f"text {number}", f"notes/{number}.txt")
    return os.getpid()


SHARES = f"""
import multiprocessing, sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
import fitprint
import {Path(__file__).stem} as tests
if __name__ == "__main__":
    method = sys.argv[1]
    with fitprint.start_run("shared") as run:
        run.log_metric("shared", -1, step=0)
        if method == "loky":
            from joblib import Parallel, delayed
            pids = Parallel(n_jobs=2, backend="loky")(delayed(tests.log_all)(run, number) for number in range(8))
        else:
            with multiprocessing.get_context(method).Pool(2) as pool:
                pids = pool.starmap(tests.log_all, [(run, number) for number in range(8)], chunksize=1)
                pool.close()
                pool.join()
        run.log_param("of the owner", len(run.params))
    print(len(set(pids)))
"""


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver", "loky"])
def test_a_run_that_is_pickled_to_workers_gets_all_that_they_log(store, run_python, method):
    if method == "loky":
        pytest.importorskip("joblib")
    done = run_python(SHARES, method)
    (run,) = fitprint.runs()
    assert run.status == "FINISHED"
    assert run.params == {f"param{number}": number for number in range(8)} | {"of the owner": 8}
    assert sorted(run.artifacts)[:8] == [f"notes/{number}.txt" for number in range(8)]
    assert (run.path / "artifacts/notes/3.txt").read_text() == "text 3"
    assert {f"tag{number}": "x" for number in range(8)}.items() <= run.tags.items()
    assert len(run.metric_history("shared")) == 1 + 8 * 5
    assert run.metric_history("own7") == [(step, float(step)) for step in range(5)]
    assert run.metrics["own7"] == 4.0
    record = json.loads((run.path / "run.json").read_text())
    assert record["params"] == {"of the owner": 8}, "only the process that began the run writes its record"
    assert len(side_files(run)) == int(done.stdout), "one file for each process, however many tasks it had"


def log_fast(run):
    for step in range(100):
        run.log_metric("m", step, step=step)


@pytest.mark.process
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_that_ends_leaves_nothing_in_its_buffer(store, method):
    with fitprint.start_run() as run:
        child = multiprocessing.get_context(method).Process(target=log_fast, args=(run,))
        child.start()
        child.join()
        assert child.exitcode == 0
        assert len(run.metric_history("m")) == 100
        assert run.metrics == {"m": 99.0}, "the owner sees it too"


def log_for_more_than_a_second(run):
    """Values that come fast, and longer than the time in which each is written at once: the last ones are buffered."""
    for step in range(108):
        run.log_metric("m", step, step=step)
        time.sleep(0.15 if step < 8 else 0)


TASK = f"""
import os, pickle, signal, sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
import fitprint
import {Path(__file__).stem} as tests
from fitprint._workers.context_token import RecordingContext, Task
run = pickle.load(open("run.pickle", "rb"))
task = Task(RecordingContext.capture(), tests.log_for_more_than_a_second)
pickle.loads(pickle.dumps(task))(run)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_that_is_killed_after_its_task_loses_nothing_of_it(store, run_python, tmp_path):
    """As `multiprocessing.Pool` kills its workers at the end of its block, once it has their results."""
    with fitprint.start_run() as run:
        (tmp_path / "run.pickle").write_bytes(pickle.dumps(run))
        run_python(TASK, check=False)
        assert len(run.metric_history("m")) == 108


def test_values_that_come_fast_are_written_once_a_second(store, program, monkeypatch):
    """Counts the writes: one at once, and one at the end for the other 999, which share a line."""
    appends = []
    with fitprint.start_run() as run:
        writer = SideWriter(str(store), run.run_id)
        joined = writer._run()
        original = joined.append
        monkeypatch.setattr(joined, "append", lambda lines: (appends.append(lines.count("\n")), original(lines)))
        monkeypatch.setattr("fitprint._runs.adder.FLUSH_INTERVAL", 1000.0)
        for step in range(1000):
            with writer.change(metrics_only=True):
                writer.add_metric("m", step, step, time.time())
            writer._slow_until = float("-inf")  # a second after the first value
        writer.write()
    assert appends == [1, 1]
    assert len(fitprint.get_run(run.run_id).metric_history("m")) == 1000


@pytest.mark.process
def test_a_forked_child_has_a_file_of_its_own_and_writes_nothing_of_its_parent_s(store, program, monkeypatch):
    monkeypatch.setattr("fitprint._runs.adder.FLUSH_INTERVAL", 1000.0)
    owner = program('run = fitprint.start_run("owner"); pause(run.run_id)')
    run_id = owner.process.stdout.readline().strip()
    with fitprint.start_run(run_id=run_id) as run:
        for step in range(10):
            run.log_metric("parent", step, step=step)
        child = os.fork()
        if child == 0:
            run.log_metric("child", 1)
            side_writer(str(store), run_id).write()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    found = fitprint.get_run(run_id)
    assert len(found.metric_history("parent")) == 10, "neither lost nor written twice"
    assert found.metric_history("child") == [(0, 1.0)]
    assert len(side_files(found)) == 2


# programs that open a run by its id


def test_another_program_adds_to_an_open_run_and_ends_its_block_alone(store, program):
    with fitprint.start_run("mine") as run:
        run.log_param("a", 1)
        other = program(
            """
with fitprint.start_run(run_id=run_id) as run:
    assert fitprint.active_run() is run
    print(run.name, run.status, run.params, flush=True)
    fitprint.log_param("b", 2)
    fitprint.log_metric("m", 1.5)
    print(run.params, run.metrics, flush=True)
pause("left")
""",
            run.run_id,
        )
        other.wait_for("mine RUNNING {'a': 1}")
        other.wait_for("{'a': 1, 'b': 2} {'m': 1.5}")
        other.wait_for("left")
        found = fitprint.get_run(run.run_id)
        assert (found.status, found.params, found.metrics) == ("RUNNING", {"a": 1, "b": 2}, {"m": 1.5})
        assert run.params == {"a": 1, "b": 2}
    assert fitprint.get_run(run.run_id).status == "FINISHED"


def test_a_run_that_ends_while_another_program_adds_to_it_gets_everything(store, program):
    run = begin_run(current().settings(), "moved")
    other = program(
        """
with fitprint.start_run(run_id=run_id) as run:
    run.log_param("before", 1)
    run.log_text("x", "before.txt")
    pause("open")
    for step in range(1000):
        run.log_metric("m", step, step=step)
    run.log_param("after", 2)
    run.log_text("y", "deep/after.txt")
pause("done")
""",
        run.run_id,
    )
    other.wait_for("open")
    assert run.path.parent.name == ".open"
    assert run.path.parent.name == ".open"
    run.end()
    other.go_on()
    other.wait_for("done")
    found = fitprint.get_run(run.run_id)
    assert (found.status, found.path) == ("FINISHED", store / run.run_id)
    assert os.listdir(store / ".open") == []
    assert found.params == {"before": 1, "after": 2}
    assert found.metric_history("m") == [(step, float(step)) for step in range(1000)]
    assert sorted(found.artifacts) == ["before.txt", "deep/after.txt"]
    assert (found.path / "artifacts/deep/after.txt").read_text() == "y"
    assert len(side_files(run)) == 1
    assert not list(found.path.rglob("*.partial"))


def test_runs_that_end_at_any_moment_lose_nothing_of_another_program(store, program):
    """A program appends without a pause to runs that end meanwhile, whatever step of its writing that hits."""
    other = program(
        """
for line in iter(sys.stdin.readline, ""):
    run = fitprint.start_run(run_id=line.strip())
    print("joined", flush=True)
    for step in range(30):
        run.log_param(f"p{step}", step)
        run.log_text("x", f"{step}.txt")
    fitprint.end_run()
    print("done", flush=True)
"""
    )
    ids = []
    for turn in range(20):
        run = fitprint.start_run()
        ids.append(run.run_id)
        other.process.stdin.write(run.run_id + "\n")
        other.process.stdin.flush()
        other.wait_for("joined")
        time.sleep(turn / 2000)
        fitprint.end_run()
        other.wait_for("done")
    for run_id in ids:
        run = fitprint.get_run(run_id)
        assert run.params == {f"p{step}": step for step in range(30)}
        assert len(run.artifacts) == 30
        assert len(list(run.path.glob("artifacts/*"))) == 30


# programs that are killed


def test_a_killed_program_loses_at_most_what_it_logged_in_its_last_second(store, program):
    with fitprint.start_run() as run:
        other = program(
            """
run = fitprint.start_run(run_id=run_id)
run.log_param("a", 1)
for step in range(100):
    run.log_metric("m", step, step=step)
pause("logged")
""",
            run.run_id,
        )
        other.wait_for("logged")
        wait_until(lambda: len(run.metric_history("m")) == 100, "what was logged a second ago")
        other.kill()
        run.log_param("b", 2)
    found = fitprint.get_run(run.run_id)
    assert (found.status, found.params, found.metrics) == ("FINISHED", {"a": 1, "b": 2}, {"m": 99.0})


def test_a_line_that_a_killed_program_did_not_complete_is_left_out(store):
    with fitprint.start_run() as run:
        writer = side_writer(str(store), run.run_id)
        writer.add_param("whole", 1)
        writer.write()
    (file,) = (run.path / "also").iterdir()
    broken = ["", "{", "[]", "3", '{"time": 1, "kind": "metric", "name": "m", "value": "high"}', '{"kind": "tag"}']
    broken += ['{"time": 1, "kind": "unheard of", "name": "n"}', '{"time": 1, "kind": "skip", "name": "n", "value": 1}']
    broken += ['{"time": "x", "kind": "tag", "name": "n", "value": "v"}', '{"time": 1, "kind": "param", "na']
    with open(file, "ab") as opened:
        opened.write("\n".join(broken).encode() + b"\xff")
    found = fitprint.get_run(run.run_id)
    assert (found.params, found.metrics, found.skipped) == ({"whole": 1}, {}, [])


def test_what_others_add_outlives_a_killed_owner(store, program):
    owner = program('run = fitprint.start_run("owner"); run.log_param("a", 1); pause(run.run_id)')
    run_id = owner.process.stdout.readline().strip()
    other = program(
        """
run = fitprint.start_run(run_id=run_id)
run.log_param("b", 2)
pause("before")
run.log_param("c", 3)
pause("killed")
run.log_param("d", 4)
run.log_metric("m", 1)
fitprint.end_run()
pause("cleaned")
""",
        run_id,
    )
    other.wait_for("before")
    owner.kill()
    other.go_on()
    other.wait_for("killed")
    found = fitprint.get_run(run_id)
    assert (found.status, found.params) == ("KILLED", {"a": 1, "b": 2, "c": 3})
    assert [cleaned.did for cleaned in clean(open_store(str(store)))] == ["closed"]
    assert fitprint.get_run(run_id).path == store / run_id
    other.go_on()
    other.wait_for("cleaned")
    found = fitprint.get_run(run_id)
    assert (found.status, found.metrics) == ("KILLED", {"m": 1.0})
    assert found.params == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert list(clean(open_store(str(store)))) == [], "side files are no leftovers"


# runs that had ended


REOPENS = """
with fitprint.start_run(run_id=run_id) as run:
    run.log_param("b", 2)
    pause("open")
    if len(sys.argv) > 2:
        raise SystemExit
"""


def test_an_ended_run_is_running_while_another_program_has_it_open(store, program):
    with fitprint.start_run() as run:
        run.log_params({"a": 1, "b": 1})
    record = (run.path / "run.json").read_bytes()
    other = program(REOPENS, run.run_id)
    other.wait_for("open")
    found = fitprint.get_run(run.run_id)
    assert (found.status, found.end_time, found.path) == ("RUNNING", None, store / run.run_id)
    assert run.status == "RUNNING"
    other.go_on()
    other.process.wait()
    found = fitprint.get_run(run.run_id)
    assert (found.status, found.params) == ("FINISHED", {"a": 1, "b": 2}), "who opens a run again may change it"
    assert found.end_time > json.loads(record)["end"]
    assert (run.path / "run.json").read_bytes() == record


def test_an_ended_run_that_is_open_again_in_a_program_that_was_killed_is_killed(store, program):
    with fitprint.start_run() as run:
        pass
    other = program(REOPENS, run.run_id)
    other.wait_for("open")
    other.kill()
    assert fitprint.get_run(run.run_id).status == "KILLED"
    with fitprint.start_run(run_id=run.run_id):
        assert fitprint.get_run(run.run_id).status == "RUNNING"
    assert fitprint.get_run(run.run_id).status == "FINISHED"


def test_many_programs_that_open_an_ended_run_at_once_lose_nothing(store, run_python):
    script = """
        import multiprocessing, sys, fitprint
        def work(number):
            with fitprint.start_run(run_id=sys.argv[1]) as run:
                run.log_param(f"p{number}", number)
                run.log_metric("m", number, step=number)
        if __name__ == "__main__":
            children = [multiprocessing.get_context("fork").Process(target=work, args=(n,)) for n in range(8)]
            for child in children:
                child.start()
            for child in children:
                child.join()
        """
    with fitprint.start_run() as run:
        pass
    run_python(script, run.run_id)
    found = fitprint.get_run(run.run_id)
    assert (found.status, found.params) == ("FINISHED", {f"p{number}": number for number in range(8)})
    assert sorted(found.metric_history("m")) == [(number, float(number)) for number in range(8)]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_model_can_be_logged_to_the_run_of_another_program(toy, store, run_python, is_open):
    with fitprint.start_run() as run:
        if not is_open:
            fitprint.end_run()
        for turn in range(2):
            run_python(
                f"""
                import sys, fitprint, toylearn
                with fitprint.start_run(run_id=sys.argv[1]) as run:
                    info = fitprint.toy.log_model(toylearn.Mean().fit([[1], [2]], [1, 2]), name="mine")
                    assert info.run_id == run.run_id, info
                    assert list(run.models)[{turn}:] == [info.artifact_path], run.models
                """,
                run.run_id,
            )
    found = fitprint.get_run(run.run_id)
    assert list(found.models) == ["mine", "mine-2"]
    assert all((path / "checksums.json").is_file() for path in found.models.values())
    assert fitprint.load_model(f"runs:/{run.run_id}/mine-2").predict([[1]]) is not None
    assert os.listdir(store / ".open") == [], "nothing is left of the staging"


# threads


@pytest.mark.parametrize("is_open", [True, False])
def test_threads_hold_one_run_at_the_same_time(store, is_open):
    def fold(number):
        with fitprint.start_run(run_id=parent.run_id) as run:
            assert fitprint.active_run() is run
            for step in range(20):
                fitprint.log_metric(f"fold{number}", step, step=step)
            fitprint.log_param(f"p{number}", number)
            fitprint.log_text("x", f"{number}.txt")
        assert fitprint.active_run() is None

    with fitprint.start_run("parent") as parent:
        if not is_open:
            fitprint.end_run()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(fold, range(16)))
        assert fitprint.get_run(parent.run_id).status == ("RUNNING" if is_open else "FINISHED")
    found = fitprint.get_run(parent.run_id)
    assert found.status == "FINISHED"
    assert found.params == {f"p{number}": number for number in range(16)}
    assert all(len(found.metric_history(f"fold{number}")) == 20 for number in range(16))
    assert len(found.artifacts) == 16


# merging


def test_a_param_keeps_its_first_value_and_the_run_says_which_one_was_left_out(store):
    with fitprint.start_run() as run:
        run.log_param("a", 1)
        writer = side_writer(str(store), run.run_id)
        writer.add_param("a", 2)
        writer.add_param("same", [1])
        writer.add_param("changed", 1)
        writer.add_param("changed", 2)
        writer.write()
        run.log_param("same", [1])
    found = fitprint.get_run(run.run_id)
    assert found.params == {"a": 1, "same": [1], "changed": 2}
    assert [skip[:2] for skip in found.skipped] == [("a value of param a", "several writers")]
    assert "'2'" in found.skipped[0].reason


def test_of_a_tag_and_of_a_metric_the_latest_value_counts(store):
    with fitprint.start_run(tags={"begun": "owner"}) as run:
        writer = side_writer(str(store), run.run_id)
        run.set_tags({"theirs": "owner", "mine": "owner"})
        run.log_metrics({"theirs": 1, "mine": 1})
        time.sleep(0.01)
        now = time.time()
        writer.add_tags({"begun": "other", "theirs": "other", "mine": "other"}, now)
        writer.add_metric("theirs", 2, 1, now)
        writer.add_metric("mine", 2, 1, now)
        writer.write()
        time.sleep(0.01)
        run.set_tag("mine", "owner again")
        run.log_metric("mine", 3, step=2)
    found = fitprint.get_run(run.run_id)
    assert {"begun": "other", "theirs": "other", "mine": "owner again"}.items() <= found.tags.items()
    assert found.metrics == {"theirs": 2.0, "mine": 3.0}
    assert found.metric_history("mine") == [(0, 1.0), (1, 2.0), (2, 3.0)]
    (row,) = fitprint.search_runs().to_dict("records")
    assert (row["metrics.theirs"], row["tags.theirs"]) == (2.0, "other")


def test_reasons_of_others_are_merged_each_once(store):
    with fitprint.start_run() as run:
        writer = side_writer(str(store), run.run_id)
        for _ in range(2):
            writer.skip("model", "error", "no memory")
        writer.write()
    assert fitprint.get_run(run.run_id).skipped == [("model", "error", "no memory")]
    assert len(next((run.path / "also").iterdir()).read_text().splitlines()) == 1


# what the writer of a process is


def test_a_process_has_one_writer_for_a_run_and_it_pickles(store, run_python, tmp_path):
    with fitprint.start_run() as run:
        writer = side_writer(str(store), run.run_id)
        assert side_writer(str(store), run.run_id) is writer
        assert pickle.loads(pickle.dumps(writer)) is writer
        (tmp_path / "writer.pickle").write_bytes(pickle.dumps(writer))
        run_python(
            """
            import pickle, time
            writer = pickle.load(open("writer.pickle", "rb"))
            writer.add_series("m", [1.0, 2.0], (5, 6), [time.time()] * 2)
            """
        )
        assert run.metric_history("m") == [(5, 1.0), (6, 2.0)], "written at the end of the process"


def test_secrets_are_hidden_as_in_the_process_that_began_the_run(store, run_python, tmp_path):
    fitprint.autolog([], redact=["color"])
    with fitprint.start_run() as run:
        pass
    (tmp_path / "run.pickle").write_bytes(pickle.dumps(run))
    run_python(
        """
        import pickle
        run = pickle.load(open("run.pickle", "rb"))
        run.log_params({"color": "green", "password": "hunter2"})
        run.set_tag("note", "the password is hunter2")
        """
    )
    found = fitprint.get_run(run.run_id)
    assert found.params == {"color": "***", "password": "***"}
    assert found.tags["note"] == "the password is ***"
    assert "hunter2" not in next((found.path / "also").iterdir()).read_text()


def test_a_run_that_was_removed_costs_its_other_writers_one_warning(store, caplog):
    caplog.set_level(logging.WARNING, "fitprint")
    with fitprint.start_run() as run:
        pass
    copy = SideWriter(str(store), run.run_id)
    copy.add_param("a", 1)
    copy.write()
    shutil.rmtree(run.path)
    for _ in range(2):
        with copy.change():
            copy.add_param("b", 1)
    assert [record.getMessage() for record in caplog.records] == [
        f"run {run.run_id} was removed: what is added to it is lost"
    ]
    assert list(store.rglob(run.run_id)) == [], "it is not made again"


# runs of the earlier format


def test_runs_of_format_1_are_read_and_added_to(store):
    shutil.copytree(FORMAT_1, store)
    finished, opened = fitprint.get_run(FINISHED_1), fitprint.get_run(OPEN_1)
    assert (finished.status, finished.params) == ("FINISHED", {"depth": 3, "names": ["a", None]})
    assert finished.metric_history("loss") == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert (finished.tags["team"], finished.artifacts) == ("x", ["notes.txt"])
    assert (opened.status, opened.params) == ("RUNNING", {"depth": 4}), "whether it lives is not known here"
    assert [run.name for run in fitprint.runs()] == ["killed", "finished"]
    for run_id in (FINISHED_1, OPEN_1):
        with fitprint.start_run(run_id=run_id) as run:
            run.log_metric("loss", 0.25, step=3)
            run.set_tag("team", "y")
        assert json.loads((fitprint.get_run(run_id).path / "run.json").read_text())["format"] == 1, "not its writer"
    finished, opened = fitprint.get_run(FINISHED_1), fitprint.get_run(OPEN_1)
    assert finished.metric_history("loss")[-1] == opened.metric_history("loss")[-1] == (3, 0.25)
    assert (finished.metrics["loss"], finished.tags["team"], finished.status) == (0.25, "y", "FINISHED")
    assert opened.status == "RUNNING"


def test_runs_of_format_2_are_read_and_added_to(store):
    shutil.copytree(FORMAT_2, store)
    (before,) = fitprint.runs()
    assert (before.status, before.params, before.metrics["loss"]) == ("FINISHED", {"depth": 3}, 0.2)
    history = before.metric_history("loss")
    assert history == [(0, 1.0), (1, 0.5), (2, 1 / 3), (3, 0.25), (4, 0.2)]
    with fitprint.start_run(run_id=before.run_id) as run:
        for step in range(5, 8):
            run.log_metric("loss", 1.0, step=step)
    (after,) = fitprint.runs()
    assert after.metric_history("loss") == [*history, (5, 1.0), (6, 1.0), (7, 1.0)]
    assert (after.metrics["loss"], after.metrics["val"]) == (1.0, 0.5)


# runs that group


def test_every_training_inside_a_group_becomes_its_child(toy, store):
    toylearn = toy.imported()
    fitprint.autolog(quiet=True)
    with fitprint.start_run("sweep", group=True) as group:
        toylearn.Mean().fit([[1], [2]], [1, 2])
        toylearn.Mean().fit([[1], [2]], [1, 2])
        fitprint.log_metric("best", 1)
    found = fitprint.get_run(group.run_id)
    assert (found.flavor, found.models, found.metrics) == (None, {}, {"best": 1.0})
    assert [child.flavor for child in found.children] == ["toy", "toy"]
    with fitprint.start_run("usual") as usual:
        toylearn.Mean().fit([[1], [2]], [1, 2])
    assert (usual.flavor, usual.children) == ("toy", [])


def test_trainings_in_a_joined_run_become_its_children(toy, store, program):
    with fitprint.start_run("parent") as run:
        other = program(
            """
import toylearn
fitprint.autolog(quiet=True)
with fitprint.start_run(run_id=run_id):
    toylearn.Mean().fit([[1], [2]], [1, 2])
pause("done")
""",
            run.run_id,
        )
        other.wait_for("done")
    found = fitprint.get_run(run.run_id)
    assert found.flavor is None
    assert [child.flavor for child in found.children] == ["toy"]
