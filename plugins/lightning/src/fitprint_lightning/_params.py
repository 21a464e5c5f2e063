"""The params of a training: settings of the trainer, hyperparameters, and optimizers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fitprint.plugin import Params, TrainingCall, default_values

_OF_TRAINER = (
    *("max_epochs", "min_epochs", "max_steps", "min_steps", "accumulate_grad_batches", "gradient_clip_val"),
    *("gradient_clip_algorithm", "precision", "num_nodes", "num_devices", "limit_train_batches", "limit_val_batches"),
    *("check_val_every_n_epoch", "val_check_interval", "overfit_batches", "fast_dev_run"),
)
_DEFAULTS = {"precision": "32-true", "limit_train_batches": 1.0, "limit_val_batches": 1.0, "val_check_interval": 1.0}
"""The values that the trainer makes of arguments that are None by default."""


def before_training(call: TrainingCall) -> Params:
    """Return the settings of the trainer and the hyperparameters of the module and the data module.

    Where a hyperparameter has the name of another setting, that setting gets the prefix ``trainer.``.

    Args:
        call: The call of `Trainer.fit`.
    """
    trainer = call.instance
    hyperparameters = _hyperparameters((_data_module(call), call.argument("model")))
    defaults = {**default_values(type(trainer)), **_DEFAULTS, "num_devices": 1}
    settings = {name: getattr(trainer, name, None) for name in _OF_TRAINER}
    settings |= {name: _plain(settings[name]) for name in ("gradient_clip_algorithm",)}
    unchanged = {name for name, value in settings.items() if value == defaults.get(name)}
    strategy = type(trainer.strategy).__name__
    settings |= {"strategy": strategy, "accelerator": type(trainer.accelerator).__name__}
    unchanged |= {"accelerator", *({"strategy"} if strategy == "SingleDeviceStrategy" else ())}
    names = {name: f"trainer.{name}" if name in hyperparameters else name for name in settings}
    params = {names[name]: value for name, value in settings.items() if hyperparameters.get(name, ...) != value}
    return Params({**params, **hyperparameters}, {names[name] for name in unchanged} & params.keys())


def after_training(trainer: Any) -> dict[str, Any]:
    """Return the optimizers and schedulers, with the settings that the optimizers began with.

    Args:
        trainer: The trainer.
    """
    params: dict[str, Any] = {}
    optimizers, schedulers = trainer.optimizers or (), trainer.lr_scheduler_configs or ()
    for position, optimizer in enumerate(optimizers):
        prefix = "optimizer" if len(optimizers) == 1 else f"optimizer-{position}"
        params[prefix] = type(optimizer).__name__
        settings = {
            **optimizer.defaults,
            "lr": optimizer.param_groups[0].get("initial_lr", optimizer.defaults.get("lr")),
        }
        params |= {f"{prefix}.{name}": _plain(value) for name, value in settings.items() if value is not None}
    for position, config in enumerate(schedulers):
        name = "lr_scheduler" if len(schedulers) == 1 else f"lr_scheduler-{position}"
        params[name] = type(config.scheduler).__name__
    return params


def _hyperparameters(sources: Iterable[Any]) -> dict[str, Any]:
    """Return what modules have saved by `save_hyperparameters`."""
    params: dict[str, Any] = {}
    for source in sources:
        params |= {str(name): value for name, value in dict(getattr(source, "hparams_initial", None) or {}).items()}
    return params


def _data_module(call: TrainingCall) -> Any:
    loaders = call.argument("train_dataloaders")
    return loaders if hasattr(loaders, "hparams_initial") else call.argument("datamodule")


def _plain(value: Any) -> Any:
    """Return the value of an enumeration, or the number in a tensor."""
    if hasattr(value, "item") and getattr(value, "numel", lambda: 0)() == 1:
        return value.item()
    return getattr(value, "value", value)
