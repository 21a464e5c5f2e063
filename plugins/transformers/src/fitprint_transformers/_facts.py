"""What is known of a training: its arguments, the config of the model, the best checkpoint, and where it stopped."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from transformers import Trainer

from fitprint.plugin import Params, unchanged
from fitprint_transformers._parts import model_of


def params(trainer: Trainer) -> Params:
    """Return the config of the model and the arguments of the training, which win where both have a name."""
    config, as_default = _config(model_of(trainer))
    arguments: dict[str, Any] = trainer.args.to_dict()  # tokens are masked in it
    defaults = {field.name: field.default for field in dataclasses.fields(trainer.args)}
    changed_by_config = {*config} - {*arguments}
    return Params({**config, **arguments}, (as_default & changed_by_config) | unchanged(arguments, defaults))


def metrics(trainer: Trainer) -> dict[str, float]:
    """Return the best value of the metric that the trainer watches, its step, and where early stopping ended."""
    state = trainer.state
    best_step = best_step_of(state)
    values = {
        "best_metric": state.best_metric,
        "best_global_step": best_step,
        "best_epoch": _epoch_of(state.log_history, best_step),
        "stopped_epoch": state.epoch if 0 < state.global_step < state.max_steps else None,
    }
    if is_best_restored(trainer):
        values["restored_epoch"] = values["best_epoch"]
    return {name: float(value) for name, value in values.items() if value is not None}


def best_step_of(state: Any) -> int | None:
    """Return the step of the best checkpoint; in old releases only the name of its folder says it.

    Args:
        state: The state of the trainer.
    """
    if hasattr(state, "best_global_step") or state.best_model_checkpoint is None:
        return getattr(state, "best_global_step", None)
    number = str(state.best_model_checkpoint).rpartition("-")[2]
    return int(number) if number.isdecimal() else None


def tags(trainer: Trainer) -> dict[str, str]:
    """Return where and how exactly the training computed, and whether the package is that of the best checkpoint."""
    args = trainer.args
    precision = "bf16" if args.bf16 else "fp16" if args.fp16 else "fp32"
    of_device = {"device": str(args.device), "precision": precision}
    return {**of_device, "package_of": "best"} if is_best_restored(trainer) else of_device


def is_best_restored(trainer: Trainer) -> bool:
    """Return whether the trainer has loaded the weights of its best checkpoint at the end."""
    return bool(trainer.args.load_best_model_at_end and trainer.state.best_model_checkpoint)


def _epoch_of(history: list[dict[str, Any]], step: int | None) -> float | None:
    """Return the epoch at which a step was logged; None if it was not."""
    logged = (entry.get("epoch") for entry in history if step and entry.get("step") == step)
    return next(logged, None)


def _config(model: Any) -> tuple[Mapping[str, Any], set[str]]:
    """Return the config of a model, and the names of what has its default value in it."""
    config: Any = getattr(model, "config", None)
    if not hasattr(config, "to_diff_dict"):
        return {}, set()
    values: dict[str, Any] = config.to_dict()
    return values, {*values} - {*config.to_diff_dict()}
