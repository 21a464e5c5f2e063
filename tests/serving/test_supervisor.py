"""The processes of `fitprint serve`: what was begun is answered, what crashes or hangs is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

pytestmark = pytest.mark.process


def saying(word):
    return {"dataframe_split": {"columns": ["x", "n", "code"], "data": [[1.0, 1, word]]}}


def until(condition, seconds=60):
    """Waits for something that other processes do; a test fails if it never happens."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def test_no_answer_is_lost_that_was_begun_when_the_server_is_told_to_end(serve, adder, tmp_path):
    marks = tmp_path / "marks"
    marks.touch()
    server = serve(adder, "--threads", "4")
    answered = []

    def ask(name, seconds):
        with httpx.Client(base_url=server.url, timeout=60) as client:
            for number in range(10_000):
                word = f"mark:{marks}:{name}-{number}:{seconds}"
                try:
                    answer = client.post("/invocations", json=saying(word))
                except httpx.TransportError:
                    return  # the server is not there any more, or it closed the connection before it read a request
                if answer.status_code == 200 and answer.json() == {"predictions": [2.0]}:
                    answered.append(f"{name}-{number}")

    threads = [threading.Thread(target=ask, args=(name, 3 if name == 0 else 0.02)) for name in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: "0-0" in marks.read_text().split() and len(answered) > 5)  # the slow one is in the middle of it
    assert server.stop() == 0
    for thread in threads:
        thread.join(60)
    begun = marks.read_text().split()
    assert set(begun) == set(answered)
    assert "0-0" in answered


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well_and_leaves_no_process(serve, adder, number):
    server = serve(adder, "--workers", "2")
    until(lambda: len(psutil.Process(server.process.pid).children()) == 2)
    workers = psutil.Process(server.process.pid).children()
    assert server.stop(number) == 0
    assert psutil.wait_procs(workers, 10)[1] == []


def test_a_worker_that_dies_is_replaced(serve, adder):
    server = serve(adder)
    before = server.worker()
    with pytest.raises(httpx.TransportError):
        server.post("/invocations", saying("die"))
    after = server.worker()  # the socket is still open: the request waits for the next worker
    assert before != after
    assert "exit status 3; a new one is started in 0.5 seconds" in server.told()


def test_a_worker_with_threads_that_do_not_end_is_replaced_and_answers_what_it_began(serve, adder):
    server = serve(adder, "--timeout", "3", "--threads", "2")
    before = server.worker()
    answers = []

    def ask(word, delay):
        time.sleep(delay)
        answers.append((word, server.post("/invocations", saying(word)).status_code))

    # the first one hangs; the second one is still being predicted when the worker is told to end
    threads = [threading.Thread(target=ask, args=args) for args in (("sleep:3600", 0), ("sleep:2.9", 2.5))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [("sleep:2.9", 200), ("sleep:3600", 504)]
    until(lambda: server.worker() != before)
    until(lambda: not psutil.pid_exists(before))
    assert "fitprint_abandoned_threads_total 1.0" in server.get("/metrics").text  # the old worker's counts stay
    assert server.get("/livez").status_code == 200
    assert server.stop() == 0


def test_the_workers_end_when_the_supervisor_is_killed(serve, adder):
    server = serve(adder)
    worker = psutil.Process(server.worker())
    server.process.kill()
    server.process.wait()
    assert psutil.wait_procs([worker], 60)[1] == []


def test_several_workers_share_the_socket_and_count_together(serve, adder):
    server = serve(adder, "--workers", "2")
    workers = set()

    def ask():
        workers.add(server.worker())
        return len(workers) == 2

    until(ask)
    count = sum(
        float(line.rpartition(" ")[2])
        for line in server.get("/metrics").text.splitlines()
        if line.startswith("fitprint_requests_total")
    )
    asked = count
    for _ in range(5):
        server.worker()
        asked += 1
    text = server.get("/metrics").text
    (line,) = (line for line in text.splitlines() if line.startswith("fitprint_requests_total"))
    assert float(line.rpartition(" ")[2]) == asked


def failed(*words, **environment):
    """Runs a `fitprint serve` that does not get so far as to serve."""
    return subprocess.run(
        [sys.executable, "-m", "fitprint", "serve", "--port", "0", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )


def test_a_package_that_cannot_be_loaded_ends_the_command_with_one_line(adder, tmp_path):
    done = failed(adder, "--digest", "0" * 64)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("fitprint: ")
    assert "digest" in done.stderr
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in Path(adder).iterdir():
        if file.is_file():
            (broken / file.name).write_bytes(b"nothing" if file.suffix == ".pkl" else file.read_bytes())
    done = failed(broken)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


def test_a_worker_that_dies_while_it_loads_ends_the_command(tmp_path):
    import fitprint

    class Dying(fitprint.pyfunc.PythonModel):
        def load_context(self, context):
            import os

            os._exit(7)

        def predict(self, context, model_input, params=None):
            return model_input

    Dying.__module__ = "__main__"
    fitprint.pyfunc.save_model(tmp_path / "dying", python_model=Dying())
    done = failed(tmp_path / "dying")
    assert done.returncode == 1
    assert "exit status 7" in done.stderr


def test_what_the_package_prints_does_not_disturb_the_workers(serve, tmp_path):
    import fitprint

    class Talking(fitprint.pyfunc.PythonModel):
        def load_context(self, context):
            print("loading", flush=True)

        def predict(self, context, model_input, params=None):
            print('{"failed": "no"}', flush=True)
            input_is_empty = __import__("sys").stdin.read() == ""
            return [input_is_empty]

    Talking.__module__ = "__main__"
    fitprint.pyfunc.save_model(tmp_path / "talking", python_model=Talking())
    server = serve(tmp_path / "talking")
    assert server.post("/invocations", {"inputs": [1]}).json() == {"predictions": [True]}
    assert server.stop() == 0
    assert "loading" in server.told()


def test_garbage_is_collected_once_a_worker_serves(serve, tmp_path):
    import fitprint

    class Asking(fitprint.pyfunc.PythonModel):
        def load_context(self, context):
            self.while_loading = __import__("gc").isenabled()

        def predict(self, context, model_input, params=None):
            return [self.while_loading, __import__("gc").isenabled()]

    Asking.__module__ = "__main__"
    fitprint.pyfunc.save_model(tmp_path / "asking", python_model=Asking())
    server = serve(tmp_path / "asking")
    assert server.post("/invocations", {"inputs": [1]}).json() == {"predictions": [False, True]}
    assert server.stop() == 0
