"""The params of a training: the arguments of ``fit``, the optimizer, the loss, the metrics and the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import paddle
from paddle.callbacks import EarlyStopping

from fitprint.plugin import Params, default_values, unchanged

_NOT_PARAMS = ("train_data", "eval_data", "callbacks", "self")
_OF_OPTIMIZER = ("_beta1", "_beta2", "_epsilon", "_momentum", "_rho", "_use_nesterov", "_lr_ratio", "_coeff")
_OF_EARLY_STOPPING = ("monitor", "patience", "min_delta", "baseline")


def training_params(function: Any, model: paddle.Model, arguments: Mapping[str, Any]) -> Params:
    """Return the params of a call of ``fit``.

    Args:
        function: The method.
        model: Its instance.
        arguments: The named arguments of the call.
    """
    own = {name: value for name, value in arguments.items() if name not in _NOT_PARAMS and value is not None}
    if isinstance(own.get("batch_size"), (list, tuple)):
        own["batch_size"], own["eval_batch_size"] = own["batch_size"]
    if not isinstance(arguments.get("train_data"), paddle.io.Dataset):
        own["batch_size"] = getattr(arguments.get("train_data"), "batch_size", None) or own["batch_size"]
    about = {
        **optimizer_params(model._optimizer),
        **_early_stopping(arguments.get("callbacks")),
        "network": type(model.network).__name__,
        "parameters": sum(_count(parameter) for parameter in model.network.parameters()),
        "metrics": metric_names(model),
    }
    if model._loss is not None:
        about["loss_function"] = getattr(model._loss, "__name__", type(model._loss).__name__)
    return Params({**own, **about}, unchanged(own, default_values(function)))


def optimizer_params(optimizer: Any) -> dict[str, Any]:
    """Return the class of an optimizer, its learning rate and its other numbers.

    Of a schedule of learning rates they are its class, and its numbers after the name `learning_rate`.
    """
    if optimizer is None:
        return {}
    rate = optimizer._learning_rate
    params: dict[str, Any] = {"optimizer_name": type(optimizer).__name__, "learning_rate": rate}
    if isinstance(rate, paddle.optimizer.lr.LRScheduler):
        params["learning_rate"] = rate.base_lr
        params["learning_rate_schedule"] = type(rate).__name__
        params.update({f"learning_rate.{name}": value for name, value in _numbers(rate) if name != "base_lr"})
    for name in _OF_OPTIMIZER:
        value = getattr(optimizer, name, None)
        if isinstance(value, (bool, int, float)):
            params[name.lstrip("_")] = value
    decay = getattr(optimizer, "regularization", None)
    if decay is not None:
        params["weight_decay"] = str(decay)
    return params


def metric_names(model: paddle.Model) -> list[str]:
    """Return the names of the metrics, without the loss."""
    names = (metric.name() for metric in model._metrics)
    return [one for name in names for one in (name if isinstance(name, (list, tuple)) else [name])]


def summary(network: paddle.nn.Layer) -> str:
    """Return the layers of a network, and the shape of each parameter and buffer."""
    lines = [str(network), ""]
    for name, tensor in network.state_dict().items():
        lines.append(f"{name}  {tuple(tensor.shape)}  {str(tensor.dtype).removeprefix('paddle.')}")
    return "\n".join(lines) + "\n"


def _early_stopping(callbacks: Any) -> dict[str, Any]:
    """Return the params of early stopping, if it is among the callbacks."""
    stopping = early_stopping_of(callbacks)
    if stopping is None:
        return {}
    values = {name: getattr(stopping, name) for name in _OF_EARLY_STOPPING}
    return {f"early_stopping.{name}": value for name, value in values.items() if value is not None}


def early_stopping_of(callbacks: Any) -> EarlyStopping | None:
    """Return the callback that stops the training early, or None."""
    all_callbacks = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    return next((callback for callback in all_callbacks if isinstance(callback, EarlyStopping)), None)


def _numbers(schedule: Any) -> Iterator[tuple[str, Any]]:
    """Yield the settings of a schedule that are numbers or lists of them, and not its state."""
    for name, value in vars(schedule).items():
        if name.startswith("_") or name in ("last_lr", "last_epoch", "verbose"):
            continue
        if isinstance(value, (bool, int, float)) or (isinstance(value, (list, tuple)) and value):
            yield name, value


def _count(parameter: Any) -> int:
    return int(parameter.size)
