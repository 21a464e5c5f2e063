"""What a served package costs: CPU and memory of all processes of a server, beside `mlflow models serve`.

python benchmarks/serving.py fitprint|mlflow|bare FOLDER

The packages are in FOLDER, where `write` has put them. ``bare`` is the model's own ``predict`` of a DataFrame in this
process, which no server can be cheaper than; and, for "ready" and the memory, a process that unpickles the model and
predicts one row. What the client costs is not counted. Processes are read in /proc, so this
runs on Linux alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SHAPES = {"1 row": ("narrow", 1), "100 rows": ("narrow", 100), "600 columns": ("wide", 1)}
"""What is asked: the package, and the rows of a request."""
COLUMNS = {"narrow": 30, "wide": 600}
CONNECTIONS = 32
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 180
"""Seconds in which a server has to be ready."""


def write(folder: Path) -> None:
    """Write a package for each number of columns."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    import fitprint
    from fitprint.models import infer_signature

    for name, count in COLUMNS.items():
        X = _table(count, 400)
        y = (X.sum(axis=1) > 0).astype(int)
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        fitprint.save_model(model, folder / name, signature=infer_signature(X, model.predict(X)))


def _table(columns: int, rows: int) -> pd.DataFrame:
    values = np.random.default_rng(0).normal(size=(rows, columns)).round(6)
    return pd.DataFrame(values, columns=[f"column {number}" for number in range(columns)])


def bare(folder: Path) -> dict[str, float]:
    """CPU milliseconds of the model's own predict."""
    import fitprint

    found = {}
    for what, (name, rows) in SHAPES.items():
        model = fitprint.load_model(folder / name).unwrap()
        table = _table(COLUMNS[name], rows)
        times = []
        for _ in range(300):
            began = time.process_time()
            model.predict(table)
            times.append(time.process_time() - began)
        found[what] = float(np.mean(sorted(times)[:150])) * 1000
    program = [sys.executable, "-c", _BARE, str(folder / "narrow" / "model.pkl"), str(COLUMNS["narrow"])]
    done = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True)
    found["ready"], found["memory"] = map(float, done.stdout.split())
    return found


_BARE = """
import os, pickle, sys, time
import numpy, pandas
model = pickle.load(open(sys.argv[1], "rb"))
columns = [f"column {number}" for number in range(int(sys.argv[2]))]
model.predict(pandas.DataFrame(numpy.zeros((1, len(columns))), columns=columns))
pages = int(open("/proc/self/statm").read().split()[1])
print(time.process_time(), pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
"""


def served(contender: str, folder: Path) -> dict[str, float]:
    """CPU milliseconds of a request, and what else a server costs."""
    found: dict[str, float] = {}
    requests = 400 if contender == "fitprint" else 60
    with _server(contender, folder / "narrow"):
        pass  # Python keeps what it compiles, as an installer does: a start that compiles is not measured
    for name in COLUMNS:
        with _server(contender, folder / name) as (pid, port):
            if name == "narrow":
                found["ready"] = _cpu(pid)
            for what, (of, rows) in SHAPES.items():
                if of != name:
                    continue
                message = _message(COLUMNS[name], rows, port)
                asyncio.run(_ask(port, message, 1, requests // 10))
                before = _cpu(pid)
                asyncio.run(_ask(port, message, 1, requests))
                found[what] = (_cpu(pid) - before) / requests * 1000
            if name == "narrow":
                found["memory"] = _memory(pid)
    with _server(contender, folder / "narrow", "--batch") as (pid, port):
        message = _message(COLUMNS["narrow"], 1, port)
        requests *= 25 if contender == "fitprint" else 3
        asyncio.run(_ask(port, message, CONNECTIONS, requests // 10))
        before, began = _cpu(pid), time.perf_counter()
        asyncio.run(_ask(port, message, CONNECTIONS, requests))
        found["requests a second"] = requests / (time.perf_counter() - began)
        found["32 connections"] = (_cpu(pid) - before) / requests * 1000
    return found


@contextlib.contextmanager
def _server(contender: str, package: Path, *options: str) -> Iterator[tuple[int, int]]:
    """Start a server; give its process and its port once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if contender == "fitprint":
        words = ["fitprint", "serve", str(package), "--port", str(port), "--no-page", *options]
    else:
        words = ["mlflow", "models", "serve", "-m", str(package), "-p", str(port), "--env-manager", "local"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # MLflow looks for uvicorn there
    environment = {**os.environ, "PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment) as process:
        try:
            _wait(port, process)
            yield process.pid, port
        finally:
            below = _tree(process.pid)
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            for pid in below:  # MLflow leaves its server behind when only its command is ended
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5):
            return
        time.sleep(0.05)
    raise SystemExit(f"no server on port {port}: {process.args!r}")


def _message(columns: int, rows: int, port: int) -> bytes:
    table = _table(columns, rows)
    split = {"columns": list(table.columns), "data": table.to_numpy().tolist()}
    body = json.dumps({"dataframe_split": split}).encode()
    head = f"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _ask(port: int, message: bytes, connections: int, requests: int) -> None:
    """Send a message many times, over some connections that wait for each answer before the next."""
    await asyncio.gather(*(_ask_over_one(port, message, requests // connections) for _ in range(connections)))


async def _ask_over_one(port: int, message: bytes, requests: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(requests):
        writer.write(message)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise SystemExit(f"not answered: {head!r} {body!r}")
    writer.close()


def _tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in thread.read_text().split():
                found += _tree(int(child))
    return found


def _cpu(pid: int) -> float:
    """Return the CPU seconds of a process, of those below it, and of those that have ended."""
    total = 0
    for process in _tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / TICKS


def _memory(pid: int) -> float:
    """Return the resident megabytes of a process and of those below it."""
    total = 0
    for process in _tree(pid):
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return total * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    contender, folder = sys.argv[1], Path(sys.argv[2])
    if contender == "write":
        write(folder)
        return
    found: Any = bare(folder) if contender == "bare" else served(contender, folder)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
