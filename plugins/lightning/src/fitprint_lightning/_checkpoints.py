"""The checkpoints of a training: which are written, which is the best one, and the module that is in one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from fitprint.plugin import BestModel, Emit, PackageError, TrainingCall, attempt
from fitprint_lightning import _sharding

_KEYWORDS = ("best", "last", "hpc", "registry")
"""The values of ``ckpt_path`` that are no paths. Lightning itself chooses the checkpoint."""
_WEIGHTS = "state_dict"


def note_saved(call: TrainingCall) -> None:
    """Take note of the checkpoint that a call of `Trainer.save_checkpoint` has written.

    Args:
        call: The call.
    """
    trainer, path = call.instance, str(call.argument("filepath"))
    for callback in trainer.checkpoint_callbacks:
        score = getattr(callback, "best_k_models", {}).get(path)
        if score is not None:
            call.emit.checkpoint(path, step=trainer.global_step, score=score, monitor=callback.monitor)
            return
    call.emit.checkpoint(path, step=trainer.global_step)


def note_kept(emit: Emit, trainer: Any, known: set[str]) -> None:
    """Take note of the checkpoints that the callbacks keep: in a spawned process, where no call is followed.

    Args:
        emit: Takes note of them.
        trainer: The trainer.
        known: The paths of those that are known already; the new ones are added.
    """
    for callback in trainer.checkpoint_callbacks:
        kept: dict[str, Any] = dict(getattr(callback, "best_k_models", {}))
        kept.setdefault(getattr(callback, "last_model_path", ""), None)
        kept.setdefault(getattr(callback, "best_model_path", ""), None)
        for path, score in kept.items():
            if path and path not in known:
                known.add(path)
                monitor = callback.monitor if score is not None else None
                emit.checkpoint(path, step=trainer.global_step, score=score, monitor=monitor)


def resumed(call: TrainingCall) -> str | None:
    """Return the checkpoint that a call of `Trainer.fit` goes on with, as far as it is known."""
    if call.took is not None:  # it has returned
        path = call.instance.ckpt_path
    else:
        path = call.argument("ckpt_path")
        path = None if path is not None and str(path).startswith(_KEYWORDS) and not Path(path).exists() else path
    return str(path) if path else None


def best_model(call: TrainingCall, module: Any) -> BestModel | None:
    """Return a copy of a module with the weights of the best checkpoint; None if that is the last one.

    Args:
        call: The call of `Trainer.fit`.
        module: The module that was trained.
    """
    path = getattr(call.instance.checkpoint_callback, "best_model_path", "")
    if not path or _sharding.is_sharded(module):
        return None
    checkpoint = _read(Path(path))
    step = checkpoint.get("global_step")
    if step == call.instance.global_step:
        return None
    return BestModel(_with_weights(module, checkpoint), step, path)


def load(path: Path, module: Any) -> Any:
    """Return a copy of a module with the weights of a checkpoint.

    Args:
        path: The checkpoint.
        module: A module of the same architecture.

    Raises:
        PackageError: There is no module, or the weights are not those of such a module.
    """
    if module is None:
        raise PackageError(f"{path} holds weights and no module: name a package of a module of the same architecture")
    checkpoint = _read(path)
    loaded, result = attempt(_with_weights, module, checkpoint)
    if not loaded:
        raise PackageError(f"{path} does not fit {type(module).__name__}: {result}") from result
    return result


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise PackageError(f"{path} is no file: a checkpoint in several parts cannot be read in one process")
    read, result = attempt(lambda: torch.load(path, map_location="cpu", weights_only=False))
    if not read or not isinstance(result, Mapping) or _WEIGHTS not in result:
        raise PackageError(f"{path} is no checkpoint of Lightning" + ("" if read else f": {result}"))
    return result


def _with_weights(module: Any, checkpoint: Mapping[str, Any]) -> Any:
    copied = copy.deepcopy(module)
    copied.load_state_dict(checkpoint[_WEIGHTS])
    return copied
