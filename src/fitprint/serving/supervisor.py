"""The process that `fitprint serve` starts with: it holds the listening socket, and keeps the workers going.

It imports neither the package nor the web framework, so that it costs little. A worker is a new Python process that is
told on its standard input what to serve. It ends, once everything that it began is answered, when that input is closed:
by a supervisor that stops or replaces it, or because the supervisor is gone. On its standard output it says how it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fitprint._core.guard import inform_user, warn_user
from fitprint.serving.sockets import handed_over

DRAINS = 25.0
"""Seconds in which a worker answers what it began. Kubernetes and SageMaker kill a container after 30."""
KILLED_AFTER = 3.0
"""Further seconds until a worker that has not ended is killed."""
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds until a worker that crashed is started again: twice as long each time."""
STEADY = 60.0
"""Seconds after which the crash of a worker is not taken for one in a row."""

_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_PROGRAM = (
    "import json, sys; start = json.loads(sys.stdin.buffer.raw.readline()); sys.path[:] = start.pop('path'); "
    "from fitprint.serving.worker import main; main(start)"
)


class Supervisor:
    """Keeps a number of workers serving on one socket.

    Args:
        listening: The socket.
        start: What each worker is told: see `fitprint.serving.worker`. JSON must hold it.
        workers: How many there are.
        on_ready: Called once, with what the first worker says of the model.
        on_differences: Called with how this environment differs from that of the package, if it does.
    """

    def __init__(
        self,
        listening: socket.socket,
        start: Mapping[str, Any],
        workers: int,
        on_ready: Callable[[dict[str, Any]], None],
        on_differences: Callable[[str], None],
    ) -> None:
        self._listening = listening
        self._start_message = dict(start)
        self._wanted = workers
        self._on_ready = on_ready
        self._on_differences = on_differences
        self._events: queue.SimpleQueue[tuple[_Worker | None, Any]] = queue.SimpleQueue()
        self._workers: list[_Worker] = []
        self._due: list[float] = []
        """When to start workers in place of those that crashed."""
        self._crashes = 0
        self._was_ready = False
        self._stopping: float | None = None
        """When the workers that are left are killed."""
        self._error: str | None = None

    def run(self) -> str | None:
        """Serve until `stop` is called or a signal comes.

        Returns:
            Why the server has ended before it was ready; None if it was stopped.
        """
        with self._metrics_folder() as environment, self._signals():
            self._environment = environment
            self._begin()
            while self._workers or (self._due and self._stopping is None):
                with contextlib.suppress(queue.Empty):
                    self._handle(*self._events.get(timeout=self._patience()))
                self._keep_time()
        return self._error

    def stop(self) -> None:
        """Let the workers answer what they began, and end. Called a second time, end them at once."""
        self._events.put((None, None))  # also from signal handlers, for which SimpleQueue is made

    # ---- what happens

    def _handle(self, worker: _Worker | None, message: Any) -> None:
        if worker is None:
            self._stop()
        elif message is None:
            self._ended(worker)
        elif "ready" in message:
            self._ready(worker, message["ready"])
        elif "differences" in message:
            self._on_differences(str(message["differences"]))
        elif "failed" in message:
            worker.failure = str(message["failed"])
        elif "abandoned" in message and not worker.is_leaving:
            inform_user(
                f"worker {worker.pid}: {message['abandoned']} threads do not end; a new worker replaces this one"
            )
            worker.is_replaced = True
            self._begin()

    def _ready(self, worker: _Worker, about: dict[str, Any]) -> None:
        worker.ready_at = time.monotonic()
        if not self._was_ready:
            self._was_ready = True
            self._on_ready(about)
            for _ in range(self._wanted - 1):
                self._begin()
        replaced = next((worker for worker in self._workers if worker.is_replaced and not worker.is_leaving), None)
        if replaced is not None:
            replaced.leave()

    def _ended(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        if self._stopping is not None or worker.is_leaving:
            return
        why = worker.failure or f"the worker ended with the exit status {worker.process.returncode}"
        if not self._was_ready:
            self._error = why
            self._stop()
            return
        if worker.is_replaced:
            return  # its successor is there, or will be
        steady = worker.ready_at is not None and time.monotonic() - worker.ready_at > STEADY
        self._crashes = 0 if steady else self._crashes
        delay = min(FIRST_DELAY * 2**self._crashes, LONGEST_DELAY)
        self._crashes += 1
        warn_user(f"worker {worker.pid}: {why}; a new one is started in {delay:g} seconds")
        self._due.append(time.monotonic() + delay)

    def _stop(self) -> None:
        if self._stopping is not None:
            self._stopping = time.monotonic()
            return
        self._stopping = time.monotonic() + DRAINS + KILLED_AFTER
        for worker in self._workers:
            worker.leave()

    def _keep_time(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if now > (self._stopping if self._stopping is not None else worker.killed_at):
                worker.process.kill()
        if self._stopping is None:
            for moment in [moment for moment in self._due if moment <= now]:
                self._due.remove(moment)
                self._begin()

    def _patience(self) -> float:
        """Return the seconds until something is to be looked at that no event tells of."""
        waiting = self._stopping is not None or self._due or any(worker.is_leaving for worker in self._workers)
        return 0.1 if waiting else 1.0 if sys.platform == "win32" else 3600.0  # on Windows, no signal ends a wait

    # ---- processes

    def _begin(self) -> None:
        start = {**self._start_message, "tells_differences": not self._was_ready}
        self._workers.append(_Worker(self._listening, start, self._environment, self._events))

    @contextlib.contextmanager
    def _metrics_folder(self) -> Iterator[dict[str, str]]:
        """Name a folder in which the workers count together, unless the user has named one."""
        if os.environ.get(_METRICS):
            yield dict(os.environ)
            return
        folder = tempfile.mkdtemp(prefix="fitprint-serve-")
        try:
            yield {**os.environ, _METRICS: folder}
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        handled = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in handled}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _Worker:
    """A process that serves.

    Args:
        listening: The socket that it serves on.
        start: What it is told.
        environment: Its environment variables.
        events: Where its messages go, and the news that it has ended.
    """

    def __init__(
        self,
        listening: socket.socket,
        start: Mapping[str, Any],
        environment: Mapping[str, str],
        events: queue.SimpleQueue[tuple[_Worker | None, Any]],
    ) -> None:
        inherited = () if sys.platform == "win32" else (listening.fileno(),)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            pass_fds=inherited,
        )
        self.pid = self.process.pid
        self.failure: str | None = None
        self.ready_at: float | None = None
        self.is_replaced = self.is_leaving = False
        self.killed_at = float("inf")
        self._events = events
        self._has_read = threading.Event()
        for target in (self._read, self._wait):
            threading.Thread(target=target, daemon=True).start()
        message = {**start, "path": sys.path, "socket": handed_over(listening, self.pid)}
        with contextlib.suppress(OSError):  # it may have ended already, which `_wait` tells
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def leave(self) -> None:
        """Tell it to answer what it began, and to end."""
        if not self.is_leaving:
            self.is_leaving = True
            self.killed_at = time.monotonic() + DRAINS + KILLED_AFTER
            with contextlib.suppress(OSError):
                assert self.process.stdin is not None
                self.process.stdin.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):
                self._events.put((self, json.loads(line)))
        self._has_read.set()

    def _wait(self) -> None:
        self.process.wait()
        self._has_read.wait(1.0)  # what it said last comes first; a process that it has left behind may hold the pipe
        self._events.put((self, None))
