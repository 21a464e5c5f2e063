"""Facts about a training: the arguments, the learner, the metrics of its recorder, and where it stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from fitprint.plugin import Listener, Params, TrainingCall, default_values, unchanged
from fitprint_fastai._classes import is_a

_LEARNERS_OWN = {"lr": "lr", "lr_max": "lr", "wd": "wd", "moms": "moms"}
"""The arguments in whose place, if they are None, fastai takes an attribute of the learner."""


def params(call: TrainingCall) -> Params:
    """Return the arguments of a fit, and what the learner says of itself."""
    learner = call.instance
    arguments = {name: value for name, value in call.arguments().items() if name not in ("self", "cbs")}
    as_default = unchanged(arguments, default_values(call.function))
    for name, of_learner in _LEARNERS_OWN.items():
        if name in arguments and arguments[name] is None:
            arguments[name] = getattr(learner, of_learner)
    return Params({**_of_learner(learner), **_of_callbacks(call), **arguments}, as_default)


def emit_epoch(call: TrainingCall) -> None:
    """Emit what the recorder has logged for an epoch. Epochs go on counting over the fits of one training."""
    recorder, cache = call.instance, call.cache
    values = _logged(recorder)
    if values is None or "gather_preds" in vars(recorder.learn) or "lr_finder" in vars(recorder.learn):
        return  # a callback predicts, or looks for a learning rate
    epoch = int(recorder.learn.epoch)
    if epoch <= cache.get("epoch", -1):
        cache["first"] = cache.get("first", 0) + cache["epoch"] + 1
    cache["epoch"] = epoch
    for name, value in values.items():
        if hasattr(value, "__float__"):
            call.emit(name, float(value), cache.get("first", 0) + epoch)


def metrics(call: TrainingCall) -> dict[str, float]:
    """Return the best epoch that a callback has tracked, and the epoch in which a callback stopped the training."""
    learner, first = call.instance, call.cache.get("first", 0)
    values: dict[str, float] = {}
    for callback in _callbacks(call, "TrackerCallback"):
        best = _best_epoch(learner, callback)
        if best is not None:
            values[f"best_{callback.monitor}"] = float(callback.best)
            values["best_epoch"] = first + best
            if _restores(callback):
                values["restored_epoch"] = first + best
    if "epoch" in call.cache and call.cache["epoch"] + 1 < learner.n_epoch:
        values["stopped_epoch"] = first + call.cache["epoch"]
    return values


def tags(call: TrainingCall) -> dict[str, str]:
    """Return where and how exactly the training computed, and whether the package is that of the best epoch."""
    learner = call.instance
    tags_of_run = {
        "device": str(learner.dls.device),
        "precision": "fp16" if hasattr(learner, "mixed_precision") else "fp32",
    }
    if any(_restores(callback) for callback in _callbacks(call, "SaveModelCallback")):
        tags_of_run["package_of"] = "best"
    return tags_of_run


def scores(learner: Any, record: Any) -> dict[str, float]:
    """Return what `validate` has returned, by the names of its metrics."""
    names = ["valid_loss", *(metric.name for metric in learner.metrics)]
    values = list(record or ())
    if len(values) != len(names):
        return {}
    return {name: float(value) for name, value in zip(names, values, strict=True) if hasattr(value, "__float__")}


def note_checkpoint(call: TrainingCall) -> None:
    """Take note of weights that `learn.save` has written during the training."""
    tracker = next((callback for callback in call.instance.cbs if is_a(callback, "SaveModelCallback")), None)
    best = tracker if tracker is not None and not tracker.every_epoch else None
    call.checkpoint(
        call.result,
        step=call.cache.get("first", 0) + call.cache["epoch"] if "epoch" in call.cache else None,
        score=best.best if best is not None else None,
        monitor=best.monitor if best is not None else None,
    )


def _logged(recorder: Any) -> dict[str, Any] | None:
    """Return the values of an epoch by name; None if it is not known which they are.

    Where a callback has skipped the training or the validation of an epoch, its values are missing in the log.
    """
    names = [name for name in recorder.metric_names[1:] if name != "time" or not recorder.add_time]
    of_training = 1 + (len(recorder.metrics) if recorder.train_metrics else 0)
    expected = [] if recorder.cancel_train else names[:of_training]
    expected += [] if recorder.cancel_valid else names[of_training:]
    values = list(recorder.learn.final_record)
    return dict(zip(expected, values, strict=True)) if len(expected) == len(values) else None


def _of_learner(learner: Any) -> dict[str, Any]:
    parameters = list(learner.model.parameters())
    return {
        "model": type(learner.model).__name__,
        "parameters": sum(parameter.numel() for parameter in parameters),
        "trainable_parameters": sum(parameter.numel() for parameter in parameters if parameter.requires_grad),
        "opt_func": _name(learner.opt_func),
        "loss_func": _name(learner.loss_func),
        "metrics": [metric.name for metric in learner.metrics],
        "moms": list(learner.moms),
        "wd_bn_bias": learner.wd_bn_bias,
        "train_bn": learner.train_bn,
        "batch_size": getattr(learner.dls, "bs", None),
    }


def _of_callbacks(call: TrainingCall) -> dict[str, Any]:
    """Return the names of the callbacks, and the settings of early stopping under MLflow's names."""
    params_of_callbacks: dict[str, Any] = {"callbacks": [callback.name for callback in _callbacks(call)]}
    for callback in _callbacks(call, "EarlyStoppingCallback"):
        params_of_callbacks |= {
            f"early_stop_{name}": getattr(callback, name) for name in ("monitor", "min_delta", "patience")
        }
        params_of_callbacks["early_stop_comp"] = callback.comp.__name__
    return params_of_callbacks


def _callbacks(call: TrainingCall, kind: str | None = None) -> Iterator[Any]:
    """Yield the callbacks of the learner, and those that are passed to the call. A class stands for its instance.

    Where a callback has found the call, the learner has those of the call too.
    """
    passed = call.argument("cbs", None)
    passed = (
        [] if passed is None or call.is_by_callback else list(passed) if isinstance(passed, (list, tuple)) else [passed]
    )
    for callback in (*call.instance.cbs, *passed):
        if isinstance(callback, Listener):
            continue  # fitprint's own
        if not isinstance(callback, type) and (kind is None or is_a(callback, kind)):
            yield callback


def _best_epoch(learner: Any, tracker: Any) -> int | None:
    """Return the epoch, in the last fit, whose value is the best that a callback has tracked; None if none is."""
    at = getattr(tracker, "idx", None)
    rows: Mapping[int, Any] = dict(enumerate(getattr(learner.recorder, "values", ())))
    matching = (epoch for epoch, row in rows.items() if at is not None and len(row) > at and row[at] == tracker.best)
    return next(matching, None)


def _restores(callback: Any) -> bool:
    return is_a(callback, "SaveModelCallback") and not callback.every_epoch and not callback.at_end


def _name(function: Any) -> str:
    if isinstance(function, partial):
        return _name(function.keywords.get("opt", function.func))
    return str(getattr(function, "__name__", type(function).__name__))
