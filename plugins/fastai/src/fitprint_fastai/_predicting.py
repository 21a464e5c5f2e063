"""Predicting with a learner of the user's, and leaving it as it is: fastai notes in a learner what it predicts."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from fitprint_fastai._classes import is_a


def predict(learner: Any, data: Any) -> Any:
    """Predict as a package's loader does: see `loader.predict`."""
    from fitprint_fastai import loader  # it imports fastai's learners, which are there now

    with _unchanged(learner.model), torch.random.fork_rng(devices=[]):
        return loader.predict(_stand_in(learner), data)


def _stand_in(learner: Any) -> Any:
    """Return a learner with the same model, whose callbacks and metrics are copies and which draws no progress bar."""
    copied = copy.copy(learner)
    copied.cbs = type(learner.cbs)()
    copied.metrics = [copy.copy(metric) for metric in learner.metrics]
    for callback in learner.cbs:
        if is_a(callback, "ProgressCallback"):
            vars(copied).pop(callback.name, None)
        else:
            copied.add_cb(copy.copy(callback))
    if hasattr(copied, "recorder"):
        recorder = vars(copied.recorder)  # fastai warns of attributes that are set in another way
        recorder |= {name: copy.copy(recorder[name]) for name in ("loss", "smooth_loss") if name in recorder}
    return copied


@contextmanager
def _unchanged(model: Any) -> Iterator[None]:
    """Put back the attributes of all modules afterwards: their modes, and the hidden states that some keep."""
    before = [(module, dict(vars(module)), dict(module._buffers)) for module in model.modules()]
    try:
        yield
    finally:
        for module, attributes, buffers in before:
            vars(module).clear()
            vars(module).update(attributes)
            module._buffers.update(buffers)
