"""The params of a training: its arguments, the optimizer, the loss and the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mxnet as mx
import numpy as np
from mxnet.gluon.contrib.estimator.event_handler import EarlyStoppingHandler

from fitprint.plugin import Params, default_values, unchanged

_OF_ESTIMATOR = ("epochs", "batches", "batch_axis")
_OF_MODULE = ("kvstore", "allow_missing", "force_rebind", "force_init", "begin_epoch", "num_epoch")
_OF_OPTIMIZER = ("momentum", "wd", "beta1", "beta2", "epsilon", "gamma1", "gamma2", "rho", "clip_gradient")
NETWORKS = (mx.gluon.Block, mx.mod.BaseModule)
_OF_EARLY_STOPPING = ("patience", "min_delta", "baseline")


def estimator_params(function: Any, estimator: Any, arguments: Mapping[str, Any]) -> Params:
    """Return the params of ``Estimator.fit``.

    Args:
        function: The method.
        estimator: Its instance.
        arguments: The named arguments of the call.
    """
    own = {name: arguments[name] for name in _OF_ESTIMATOR if arguments.get(name) is not None}
    about = {
        **_optimizer_params(estimator.trainer.optimizer),
        **_early_stopping(arguments.get("event_handlers")),
        "network": type(estimator.net).__name__,
        "loss": type(estimator.loss).__name__,
        "devices": [str(device) for device in estimator.context],
    }
    batch_size = getattr(getattr(arguments.get("train_data"), "_batch_sampler", None), "_batch_size", None)
    if batch_size is not None:
        about["batch_size"] = batch_size
    return Params({**own, **about}, unchanged(own, default_values(function)))


def loop_params(trainer: Any, batch_size: Any, network: Any) -> dict[str, Any]:
    """Return the params of a loop.

    Args:
        trainer: The `Trainer`.
        batch_size: What its first step was given.
        network: What it trains, or the trainer itself.
    """
    about = {"network": type(network).__name__} if isinstance(network, NETWORKS) else {}
    return {**_optimizer_params(trainer.optimizer), **about, "batch_size": batch_size}


def module_params(function: Any, module: Any, arguments: Mapping[str, Any]) -> Params:
    """Return the params of ``fit`` of a module.

    Args:
        function: The method.
        module: Its instance.
        arguments: The named arguments of the call.
    """
    own = {name: arguments[name] for name in _OF_MODULE if arguments.get(name) is not None}
    own = {name: value for name, value in own.items() if isinstance(value, (bool, int, str))}
    about: dict[str, Any] = {"optimizer_params." + name: value for name, value in _given_params(arguments).items()}
    optimizer = arguments.get("optimizer")
    if isinstance(optimizer, mx.optimizer.Optimizer):
        about = _optimizer_params(optimizer)
    else:
        about["optimizer_name"] = optimizer
    for name in ("initializer", "eval_metric", "validation_metric"):
        value = arguments.get(name)
        if value is not None:
            about[name] = _named(value)
    batch_size = getattr(arguments.get("train_data"), "batch_size", None)
    if batch_size:
        about["batch_size"] = batch_size
    return Params({**own, **about}, unchanged(own, default_values(function)))


def summary(model: Any) -> str:
    """Return the layers of a network, and the shape of each parameter."""
    if isinstance(model, mx.gluon.Block):
        shapes = {name: (one.shape, one.dtype) for name, one in model.collect_params().items()}
        head = str(model)
    else:
        shapes = {name: (one.shape, one.dtype) for part in model.get_params() for name, one in part.items()}
        head = model.symbol.debug_str()
    lines = [f"{name}  {tuple(shape or ())}  {np.dtype(dtype).name}" for name, (shape, dtype) in shapes.items()]
    return "\n".join([head, "", *lines]) + "\n"


def early_stopping_of(handlers: Any) -> EarlyStoppingHandler | None:
    """Return the handler that stops the training early, or None."""
    all_handlers = handlers if isinstance(handlers, (list, tuple)) else [handlers]
    return next((handler for handler in all_handlers if isinstance(handler, EarlyStoppingHandler)), None)


def _optimizer_params(optimizer: Any) -> dict[str, Any]:
    schedule = optimizer.lr_scheduler
    params: dict[str, Any] = {"optimizer_name": type(optimizer).__name__}
    params["learning_rate"] = optimizer.lr if schedule is None else schedule.base_lr
    if schedule is not None:
        params["learning_rate_schedule"] = type(schedule).__name__
    values = {name: getattr(optimizer, name, None) for name in _OF_OPTIMIZER}
    return params | {name: value for name, value in values.items() if isinstance(value, (bool, int, float))}


def _early_stopping(handlers: Any) -> dict[str, Any]:
    stopping = early_stopping_of(handlers)
    if stopping is None:
        return {}
    values = {name: getattr(stopping, name) for name in _OF_EARLY_STOPPING}
    values["monitor"] = stopping.monitor.name
    return {f"early_stopping.{name}": value for name, value in values.items() if value is not None}


def _given_params(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the optimizer's params, which are a dict or pairs."""
    params = dict(arguments.get("optimizer_params") or ())
    return {
        name: value if isinstance(value, (bool, int, float, str)) else _named(value) for name, value in params.items()
    }


def _named(value: Any) -> Any:
    """Return what a metric or an initializer is called."""
    if isinstance(value, (list, tuple)):
        return [_named(one) for one in value]
    return value if isinstance(value, str) else getattr(value, "name", None) or type(value).__name__


def parameter_count(model: Any) -> int:
    """Return the number of weights of a trained network: many layers have none before the first step."""
    if isinstance(model, mx.gluon.Block):
        return sum(int(np.prod(parameter.shape)) for parameter in model.collect_params().values())
    return sum(int(array.size) for part in model.get_params() for array in part.values())
