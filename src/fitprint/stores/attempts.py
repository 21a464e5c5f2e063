"""The files that tell which runs began in which attempt at a task: one for each task, a line for each run."""

from __future__ import annotations

import hashlib
import os

LARGEST_FILE = 1_000_000
"""The bytes of such a file that are read: more runs in one task, and further ones replace nothing."""


def note_attempt(folder: str, task: str, attempt: str, run_id: str) -> str | None:
    """Add a run to the file of a task, in one write, so that two attempts at the same time lose nothing.

    Args:
        folder: The folder of the program that has sent the task; it is made if it is missing.
        task: What identifies the task.
        attempt: What identifies the attempt.
        run_id: The id of the run.

    Returns:
        The run that it replaces, or None; see `Store.note_attempt`.

    Raises:
        OSError: If the file cannot be written or read.
    """
    path = os.path.join(folder, _digest(task))
    attempt = _digest(attempt)[:16]
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    try:
        file = os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)
        file = os.open(path, flags, 0o666)
    try:
        os.write(file, f"{attempt} {run_id}\n".encode("ascii"))
        os.lseek(file, 0, os.SEEK_SET)
        text = os.read(file, LARGEST_FILE).decode("ascii", "replace")
    finally:
        os.close(file)
    return _replaced(text, attempt, run_id)


def _replaced(text: str, attempt: str, run_id: str) -> str | None:
    runs: dict[str, list[str]] = {}  # by attempt, in the order of their first runs
    for line in text.splitlines():
        its_attempt, _, its_run = line.partition(" ")
        runs.setdefault(its_attempt, []).append(its_run)
        if its_run == run_id:
            break
    place = len(runs.get(attempt, ())) - 1
    others = [of_attempt for its_attempt, of_attempt in runs.items() if its_attempt != attempt]
    return next((of_attempt[place] for of_attempt in reversed(others) if 0 <= place < len(of_attempt)), None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
