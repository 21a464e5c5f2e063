"""The checkpoints that Keras's own callback writes, and how a model is read from one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras

from fitprint.plugin import BestModel, Emit, PackageError, TrainingCall
from fitprint_keras import _params
from fitprint_keras._packages import message_of

_WEIGHTS = ".weights.h5"


class Noted(NamedTuple):
    """A checkpoint that was written at the end of an epoch."""

    path: str
    epoch: int
    score: float | None
    monitor_op: Any
    """Whether one score is better than another one."""


class CheckpointNotes:
    """Takes note of what `ModelCheckpoint` has written, once it was called for an epoch.

    Args:
        callbacks: The user's callbacks.
        notes: Where the checkpoints are noted.
    """

    def __init__(self, callbacks: Sequence[Any], notes: list[Noted]) -> None:
        self._callbacks = [one for one in callbacks if isinstance(one, keras.callbacks.ModelCheckpoint)]
        self._notes = notes
        self._times: dict[str, int] = {}

    def after_epoch(self, epoch: int, logs: Mapping[str, Any], emit: Emit) -> None:
        """Note the checkpoints of an epoch."""
        for callback in self._callbacks:
            score = logs.get(callback.monitor)
            for path in self._written(callback, epoch, logs, score):
                emit.checkpoint(path, step=epoch, score=score, monitor=callback.monitor)
                self._notes.append(Noted(path, epoch, score, callback.monitor_op))

    def _written(self, callback: Any, epoch: int, logs: Mapping[str, Any], score: Any) -> Iterator[str]:
        if callback.save_freq == "epoch" and callback.save_best_only and score is not None and callback.best != score:
            return
        try:
            path = callback.filepath.format(epoch=epoch + 1, **logs)
        except (KeyError, ValueError):  # it names the batch, which may be any of the epoch
            return
        if not os.path.exists(path):
            return
        changed = os.stat(path).st_mtime_ns
        if callback.save_freq == "epoch" or self._times.get(path) != changed:
            self._times[path] = changed
            yield path


def best_model(call: TrainingCall) -> BestModel | None:
    """Return the model of the checkpoint with the best score, unless it is of the last epoch.

    Args:
        call: The call of `fit`, which has succeeded.
    """
    best: Noted | None = None
    notes: list[Noted] = call.cache.get("checkpoints", [])
    for note in notes:
        if note.score is not None and (best is None or bool(note.monitor_op(note.score, best.score))):
            best = note
    if best is None or best.epoch == call.result.epoch[-1] or not os.path.exists(best.path):
        return None
    return BestModel(load(Path(best.path), call.instance), best.epoch, best.path)


def load(path: Path, model: Any = None) -> Any:
    """Return the model in a checkpoint.

    Args:
        path: The file.
        model: A model of the same architecture, for weights alone, and for custom objects that Keras cannot find. It
            stays as it is.

    Raises:
        PackageError: The file cannot be read, or not without a model.
    """
    try:
        if path.name.endswith(_WEIGHTS):
            if model is None:
                raise PackageError(f"{path} contains only weights: give a model of the same architecture for them")
            return _with_weights(model, path)
        try:
            return keras.saving.load_model(path)
        except TypeError:  # a class or a function that is not registered
            if model is None:
                raise
            return _with_weights(model, path)
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise PackageError(f"{path}: Keras cannot load it: {message_of(error)}") from error


def needs_trust(path: Path) -> str | None:
    """Return why a checkpoint could run code: only the old format of whole models may."""
    if path.suffix == ".h5" and not path.name.endswith(_WEIGHTS):
        return "the old format of Keras's models may contain lambdas, which are code"
    return None


def resumed_from(call: TrainingCall) -> Any:
    """Return what a training goes on with: the backup of an interrupted one, or a model that was trained before.

    Afterwards every model was trained before, so that only the first answer counts.
    """
    if "asked for the origin" in call.cache:
        return None
    call.cache["asked for the origin"] = True
    for callback in _params.callbacks_of(call):
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            backup = os.path.join(callback.backup_dir, f"latest{_WEIGHTS}")
            if os.path.exists(backup):
                return Path(backup)
    return call.instance if iterations(call.instance) > 0 else None


def iterations(model: Any) -> int:
    """Return how many steps the optimizer of a model has taken."""
    counted = getattr(getattr(model, "optimizer", None), "iterations", None)
    return int(counted) if counted is not None else 0


def _with_weights(model: Any, path: Path) -> Any:
    copied = keras.models.clone_model(model)
    copied.load_weights(path)
    return copied
