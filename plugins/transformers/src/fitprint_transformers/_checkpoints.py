"""The checkpoints that a trainer writes: the best one, the one that a training goes on from, and the model in one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoConfig, AutoTokenizer, PreTrainedModel
from transformers.trainer_utils import get_last_checkpoint

from fitprint.plugin import BestModel, PackageError, TrainingCall, quietly
from fitprint_transformers import _facts
from fitprint_transformers._parts import model_of

_SAFE = ("model.safetensors", "model.safetensors.index.json")
"""The files of weights that contain only data."""


def resumed(call: TrainingCall) -> str | None:
    """Return the checkpoint that a training goes on from; None if it begins anew."""
    checkpoint = call.argument("resume_from_checkpoint")
    if checkpoint is True:
        checkpoint = get_last_checkpoint(call.instance.args.output_dir)
    return str(checkpoint) if checkpoint else None


def best_model(call: TrainingCall) -> BestModel | None:
    """Return the model of the best checkpoint; None if the trainer has restored it, or has none."""
    trainer = call.instance
    path = trainer.state.best_model_checkpoint
    if path is None or _facts.is_best_restored(trainer) or not Path(path).is_dir():
        return None
    return BestModel(_read(type(model_of(trainer)), Path(path)), _facts.best_step_of(trainer.state), path)


def load(path: Path) -> dict[str, Any]:
    """Return the parts of a package of a checkpoint: the model, and the tokenizer if it is there.

    Args:
        path: The folder of the checkpoint.

    Raises:
        PackageError: It is no checkpoint of a model of transformers.
    """
    if not (path / "config.json").is_file():
        raise PackageError(f"{path} has no config.json: it is no checkpoint of a model of transformers")
    names = AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False).architectures or [""]
    cls = getattr(transformers, names[0], None)
    if not isinstance(cls, type) or not issubclass(cls, PreTrainedModel):
        raise PackageError(f"{path}: its model, {names[0] or 'without a class'}, is not one of transformers")
    parts: dict[str, Any] = {"model": _read(cls, path)}
    if (path / "tokenizer_config.json").is_file():
        parts["tokenizer"] = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    return parts


def needs_trust(path: Path) -> str | None:
    """Return why reading the weights could run code. Optimizer and arguments, which are pickles, stay unread."""
    is_safe = any((path / name).is_file() for name in _SAFE)
    return None if is_safe else "its weights are not in the format safetensors"


def _read(cls: Any, path: Path) -> Any:
    # a new model has random weights at first, and the user's random numbers are not used up for them
    with quietly(), torch.random.fork_rng(devices=[]):
        return cls.from_pretrained(path, local_files_only=True, trust_remote_code=False)
