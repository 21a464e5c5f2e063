"""The checkpoints that the user's own code writes during a training: ``checkpoints.json`` among a run's artifacts.

fitprint refers to them and copies none. While the training goes on, only their paths and sizes are noted. They are read
for their SHA-256 when it has ended, within limited time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from fitprint._core.guard import attempt
from fitprint._core.jsonable import number
from fitprint._core.locks import fork_safe_lock
from fitprint._core.privacy.artifact_text import artifact_bytes
from fitprint._core.publish import publish
from fitprint._core.signal_handlers import own
from fitprint._runs.adder import RunAdder
from fitprint._runs.record import now
from fitprint.stores import Store, StoreError

NAME = "checkpoints.json"
LONGEST_HASHING, LEAST_HASHING, HASHING_SHARE = 2.0, 0.1, 0.05
"""The seconds that reading checkpoints for their SHA-256 takes at the end of a training: a share of its duration, but
at least and at most so many."""
WRITING_SHARE = 0.05
"""The share of the time that writing the file anew for each checkpoint takes, because there may be many of them."""
MOST_SEARCHED = 500
"""In how many of the latest runs of a store the checkpoint that a training goes on with is looked for."""
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that the user's own code has written during a training. fitprint keeps no copy of it."""

    path: str
    """The absolute path of a file, of a folder, or of several files that begin with it (``ckpt-1.index``...); a URL."""
    step: int | None = None
    """The step or the epoch after which it was written, as the framework numbers them, if this is known."""
    score: float | None = None
    """The value of the monitored metric, if there is one."""
    monitor: str | None = None
    """The name of the monitored metric, if there is one."""
    time: str = ""
    """When it was written, as ISO 8601 in UTC."""
    size: int | None = None
    """How many bytes it has; None if this is not known."""
    sha256: str | None = None
    """The SHA-256 of the file; of several files, that of the lines which ``sha256sum`` prints of them in the order of
    their names. None if the training has not ended, or if reading the file would have taken too long then."""
    deleted: bool = False
    """Whether it did not exist any more when the training had ended."""


def files_of(path: str) -> list[tuple[str, str]]:
    """Return the files of a checkpoint: the file itself, all files of a folder, or all files that begin with the path.

    Returns:
        The name of each file within the checkpoint, and its path, in the order of the names; no file if it is gone.
    """
    if os.path.isfile(path):
        return [(os.path.basename(path), path)]
    if os.path.isdir(path):
        inside = (os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
        return sorted((os.path.relpath(file, path).replace(os.sep, "/"), file) for file in inside)
    folder, start = os.path.split(path)
    if not start or not os.path.isdir(folder or "."):
        return []
    with os.scandir(folder or ".") as entries:
        return sorted((entry.name, entry.path) for entry in entries if entry.name.startswith(f"{start}."))


def size_of(files: Iterable[tuple[str, str]]) -> int:
    """Return the size of all files of a checkpoint in bytes."""
    return sum(os.path.getsize(file) for _, file in files)


def digest_of(path: str, files: list[tuple[str, str]], deadline: float = float("inf")) -> str | None:
    """Return the SHA-256 of a checkpoint.

    Args:
        path: The path of the checkpoint.
        files: Its files.
        deadline: When to give up, as `time.monotonic` has it.

    Returns:
        The SHA-256, as `Checkpoint.sha256` has it; None if the time was over before that.
    """
    lines = []
    for name, file in files:
        digest = hashlib.sha256()
        with open(file, "rb") as stream:
            while block := stream.read(_BLOCK):
                if time.monotonic() > deadline:
                    return None
                digest.update(block)
        lines.append(f"{digest.hexdigest()}  {name}\n")
    if len(files) == 1 and files[0][1] == path:
        return digest.hexdigest()
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def read_checkpoints(folder: Path) -> list[Checkpoint]:
    """Read the checkpoints of a run.

    Args:
        folder: The folder of the run.

    Returns:
        The checkpoints, in the order in which each was written for the first time; none if their file is broken.
    """
    try:
        entries = json.loads(Path(folder, "artifacts", NAME).read_bytes())
        return [_checkpoint(entry) for entry in entries]
    except own(OSError, ValueError, TypeError, AttributeError, RecursionError):
        return []


def find_checkpoint(store: Store, path: str, besides: str) -> tuple[str, Checkpoint] | None:
    """Find a checkpoint by its path among those of the latest runs of a store.

    Args:
        store: The store.
        path: The path, absolute or below the working directory. It may be a link to the checkpoint, as ``last.ckpt``.
        besides: The id of a run to leave out, which is the one that asks.

    Returns:
        The id of the run, and the checkpoint: of several runs that have written to the path, the latest one.
    """
    sought = {path} if "://" in path else _names_of(os.path.abspath(path))
    for run_id in islice(store.run_ids(), MOST_SEARCHED):
        if run_id != besides:
            with contextlib.suppress(StoreError):
                for checkpoint in read_checkpoints(store.folder(run_id)):
                    if checkpoint.path in sought:
                        return run_id, checkpoint
    return None


def _names_of(path: str) -> set[str]:
    if not os.path.islink(path):
        return {path}
    return {path, os.path.abspath(os.path.join(os.path.dirname(path), os.readlink(path)))}


def _checkpoint(entry: Mapping[str, Any]) -> Checkpoint:
    known: dict[str, Any] = {name: entry[name] for name in Checkpoint.__dataclass_fields__ if name in entry}
    if known.get("score") is not None:
        known["score"] = float(number(known["score"]))
    return Checkpoint(**known)


class CheckpointFile:
    """The file with the checkpoints of one run, as this process adds to it. Other processes may add to it too."""

    def __init__(self, adder: RunAdder) -> None:
        self.adder = adder
        self._lock = fork_safe_lock()
        self._checkpoints: dict[str, Checkpoint] = {}
        self._known_state: tuple[int, int] | None = None
        """What the file was like when this process read or wrote it last."""
        self._write_after = float("-inf")

    def add(self, path: str, step: int | None, score: float | None, monitor: str | None) -> None:
        """Add a checkpoint that has just been written; one that was written to the same path before is replaced."""
        size: int | None = None
        if "://" not in path:
            path = os.path.abspath(path)
            measured, size = attempt(lambda: size_of(files_of(path)))
            size = size if measured else None
        with self._lock:
            self._read_others()
            self._checkpoints[path] = Checkpoint(path, step, score, monitor, now(), size)
            if time.monotonic() >= self._write_after:
                self._write()

    def complete(self, training_seconds: float) -> None:
        """Note which checkpoints still exist now that the training has ended, and the SHA-256 of these.

        The newest ones are read first. If there is no time for all of them, the run has a skip reason.

        Args:
            training_seconds: How long the training took.
        """
        with self._lock:
            self._read_others()
            if not self._checkpoints:
                return
            seconds = min(max(HASHING_SHARE * training_seconds, LEAST_HASHING), LONGEST_HASHING)
            deadline = time.monotonic() + seconds
            for checkpoint in sorted(self._checkpoints.values(), key=lambda one: one.time, reverse=True):
                self._checkpoints[checkpoint.path] = _completed(checkpoint, deadline)
            self._skip_hashes(seconds)
            self._write()

    def _skip_hashes(self, seconds: float) -> None:
        """Give the reason why there are checkpoints without a SHA-256."""
        count = sum(one.sha256 is None and not one.deleted for one in self._checkpoints.values())
        if count:
            what = "the SHA-256 of a checkpoint" if count == 1 else f"the SHA-256 of {count:,} checkpoints"
            reason = f"it could not be read in the {seconds:.1f} s that this may take at the end of the training"
            self.adder.skip(what, "checkpoints", reason)

    def _read_others(self) -> None:
        """Take over what other processes, or an earlier training on this run, have written."""
        if self._state() == self._known_state:
            return
        own_ones, self._checkpoints = self._checkpoints, {}
        for checkpoint in [*read_checkpoints(self.adder.path), *own_ones.values()]:
            earlier = self._checkpoints.get(checkpoint.path)
            if earlier is None or earlier.time <= checkpoint.time:
                self._checkpoints[checkpoint.path] = checkpoint

    def _write(self) -> None:
        started = time.monotonic()
        entries = [asdict(checkpoint) for checkpoint in self._checkpoints.values()]
        self.adder.write_artifact(NAME, artifact_bytes(NAME, entries, self.adder.secrets.redactor))
        self._known_state = self._state()
        ended = time.monotonic()
        self._write_after = ended + (ended - started) / WRITING_SHARE

    def _state(self) -> tuple[int, int] | None:
        try:
            state = os.stat(os.path.join(self.adder.path, "artifacts", NAME))
        except own(OSError):
            return None
        return state.st_mtime_ns, state.st_size


def _completed(checkpoint: Checkpoint, deadline: float) -> Checkpoint:
    if "://" in checkpoint.path:
        return checkpoint
    try:
        files = files_of(checkpoint.path)
        if not files:
            return replace(checkpoint, deleted=True)
        size = size_of(files)
        if checkpoint.sha256 is None or size != checkpoint.size:
            checkpoint = replace(checkpoint, sha256=digest_of(checkpoint.path, files, deadline))
        return replace(checkpoint, size=size, deleted=False)
    except FileNotFoundError:  # it was deleted while it was read
        return replace(checkpoint, deleted=True)
    except own(OSError):  # it cannot be read
        return checkpoint


publish("fitprint", Checkpoint)
