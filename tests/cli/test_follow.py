"""`fitprint show --follow`: the metrics of a training in another process, until its run ends in whatever way."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time

import pytest

import fitprint

SECONDS = 120  # far above what any step takes

TRAINING = """
import os, signal, sys, time
import fitprint

run = fitprint.start_run("long")
for step in range(4):
    run.log_metrics({"loss": 1 / (step + 1), "rate": 0.5}, step=step)
    print(step, flush=True)
    sys.stdin.readline()
"""


class Process:
    """A program that is waited for line by line."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def line(self):
        line = self._lines.get(timeout=SECONDS)
        assert line is not None, self.process.stderr.read()
        return line

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        lines = list(iter(lambda: self._lines.get(timeout=SECONDS), None))
        assert "Traceback" not in (errors := self.process.stderr.read()), errors
        return self.process.wait(SECONDS), lines

    def close(self):
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()


@pytest.fixture
def started(starts_processes, store, tmp_path):
    processes = []

    def start(*command):
        processes.append(Process(*command))
        return processes[-1]

    def train(rest):
        (tmp_path / "train.py").write_text(TRAINING + rest)
        return start(str(tmp_path / "train.py"))

    yield start, train
    for process in processes:
        process.process.kill()
        process.close()


def follow(start, *arguments):
    return start("-m", "fitprint", "show", "last", "--follow", *arguments)


def test_each_value_is_a_line_of_json_until_the_run_ends(started):
    start, train = started
    training = train("run.set_tag('mlflow.runName', 'renamed')\nrun.end()\n")
    training.line()
    follower = follow(start, "--json")
    lines = [json.loads(follower.line()) for _ in range(2)]
    assert [(line["name"], line["step"], line["value"]) for line in lines] == [("loss", 0, 1.0), ("rate", 0, 0.5)]
    for step in range(1, 4):
        training.go_on()
        training.line()
        lines += [json.loads(follower.line()) for _ in range(2)]
        assert {line["step"] for line in lines[-2:]} == {step}, "while it trains"
        assert time.time() - lines[-1]["time"] < SECONDS
    training.go_on()
    assert training.end()[0] == 0
    assert follower.end() == (0, [])
    assert len(lines) == 8


def test_lines_for_a_reader_tell_what_comes_and_how_the_run_ended(started):
    start, train = started
    training = train("run.end('FAILED')\n")
    training.line()
    follower = follow(start)
    assert follower.line().startswith("long RUNNING  ")
    assert follower.line() == "so far  loss 1  rate 0.5"
    training.go_on()
    training.line()
    assert follower.line() == "step 1  loss 0.5  rate 0.5"
    for _ in range(3):
        training.go_on()
    code, lines = follower.end()
    assert (code, lines[-1]) == (0, "long  FAILED  loss 0.25")


def test_it_ends_with_a_training_that_is_killed(started):
    start, train = started
    training = train("")
    training.line()
    follower = follow(start, "--json")
    assert json.loads(follower.line())["step"] == 0
    training.process.kill()
    training.process.wait()
    code, _ = follower.end()
    assert code == 0
    assert fitprint.runs()[0].status == "KILLED"


def test_an_interruption_ends_it_cleanly(started):
    start, train = started
    training = train("")
    training.line()
    follower = follow(start)
    follower.line()
    follower.process.send_signal(signal.SIGINT)
    code, lines = follower.end()
    assert code == 0
    assert not [line for line in lines if "Abort" in line]
    training.go_on()
    assert training.line() == "1", "the training notices nothing"


def test_the_folder_moves_when_a_recorded_call_ends(started, toy, tmp_path):
    start, _ = started
    (tmp_path / "call.py").write_text(
        "import sys, toylearn, fitprint\n"
        "fitprint.autolog()\n"
        "class Slow(toylearn.Mean):\n"
        "    def fit(self, X, y):\n"
        "        super().fit(X, y)\n"
        "        for step in range(3):\n"
        "            fitprint.log_metric('loss', float(step), step=step)\n"
        "            print(step, flush=True)\n"
        "            sys.stdin.readline()\n"
        "        return self\n"
        "Slow().fit([[1.0]], [1.0])\n"
    )
    training = start(str(tmp_path / "call.py"))
    training.line()
    follower = follow(start, "--json")
    assert json.loads(follower.line())["step"] == 0
    for _ in range(3):
        training.go_on()
    assert training.end()[0] == 0
    code, lines = follower.end()
    assert code == 0
    assert [json.loads(line)["step"] for line in lines if '"loss"' in line] == [1, 2]


def test_values_of_other_processes_are_followed_too(started):
    start, train = started
    training = train("")
    training.line()
    follower = follow(start, "--json")
    assert [json.loads(follower.line())["name"] for _ in range(2)] == ["loss", "rate"]
    with fitprint.start_run(run_id=fitprint.runs()[0].run_id) as run:
        run.log_metric("other", 2.0, step=7)
    line = json.loads(follower.line())
    assert (line["name"], line["step"], line["value"]) == ("other", 7, 2.0)
    os.kill(training.process.pid, signal.SIGKILL)
    training.process.wait()
    assert follower.end()[0] == 0


def test_a_run_that_has_ended_is_told_at_once(store, invoke):
    with fitprint.start_run("short") as run:
        for step in range(2500):
            run._writer.add_metric("loss", 0.5, step, 1.0)
    lines = invoke("show", run.run_id, "--follow", "--json").stdout.splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(2500))
    assert invoke("show", run.run_id, "--follow").stdout.splitlines() == [
        f"short FINISHED  {run.path}",
        "so far  loss 0.5",
        "short  FINISHED  loss 0.5",
    ]


def test_many_steps_are_shown_thinned(store, monkeypatch, capsys):
    from fitprint._runs.series import Series
    from fitprint.cli.follow import MOST_LINES, _print_steps

    _print_steps([Series("loss", list(range(1000)), [0.5] * 1000, [0.0] * 1000)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == MOST_LINES
    assert (lines[0], lines[-1]) == ("step 0  loss 0.5", "step 999  loss 0.5")


def test_a_long_history_is_read_in_parts(store, monkeypatch):
    from fitprint._runs.follow import RunFollower

    monkeypatch.setattr("fitprint._runs.follow._MOST_AT_ONCE", 40_000)
    with fitprint.start_run("long") as run:
        for step in range(20_000):
            run._writer.add_metric("loss", 1 / (step + 1), step, 1.0)
        run._writer.flush_metrics()
        follower, steps, looks = RunFollower(run._hold.store, run.run_id), [], 0
        is_all = False
        while not is_all:
            news = follower.news()
            is_all, looks = news.is_all, looks + 1
            steps += [step for series in news.series for step in series.steps]
        assert steps == list(range(20_000))
        assert looks > 5
        follower = RunFollower(run._hold.store, run.run_id)
        follower.skip()
        run.log_metric("loss", 2.0, step=20_000)
        run._writer.flush_metrics()
        assert [series.steps for series in follower.news().series] == [[20_000]]
