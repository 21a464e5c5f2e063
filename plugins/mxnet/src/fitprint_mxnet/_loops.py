"""Training loops that the user writes with a `Trainer`: which network is trained, the loss of each step, a few rows."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from types import FrameType
from typing import Any

import mxnet as mx
import numpy as np

from fitprint.plugin import Emit, TrainingCall
from fitprint_mxnet._listening import first_rows

LOSS = "loss"
STEPS = ("step", "update")
"""The methods of a `Trainer` that a loop calls."""
_OURS = ("mxnet", "fitprint", "fitprint_mxnet")


class Loops:
    """What is known of the loops of this process."""

    def __init__(self) -> None:
        self._trained: weakref.WeakKeyDictionary[Any, weakref.ref[Any]] = weakref.WeakKeyDictionary()
        self._now = threading.local()
        """Of each thread: the `losses` since its last step."""

    def of_trainer(self, trainer: Any, frame: FrameType | None) -> Any:
        """Return the network that a trainer trains, or the trainer itself where no network is found.

        Args:
            trainer: The trainer.
            frame: The innermost frame of the loop; its callers are looked at too.
        """
        known = self._trained.get(trainer)
        trained = known() if known is not None else None
        if trained is None:
            trained = _network_with(trainer._params, frame) or trainer
            self._trained[trainer] = weakref.ref(trained)
        return trained

    def note_losses(self, call: TrainingCall) -> None:
        """Remember what was differentiated: the loss of the next step."""
        heads = call.instance if call.instance is not None else call.argument("heads")
        losses = self._now.__dict__.setdefault("losses", [])
        losses += [one.detach() for one in (heads if isinstance(heads, (list, tuple)) else [heads])]

    def stepped(self, call: TrainingCall, emit: Emit, step: int) -> None:
        """Emit the loss of a step that has returned, and the learning rate if it has a schedule."""
        trainer, cache = call.instance, call.cache
        losses = self._now.__dict__.pop("losses", None)
        if losses and not hasattr(trainer, "_amp_loss_scaler"):  # else it is a scaled one
            emit(LOSS, losses, step)
        if trainer.optimizer.lr_scheduler is not None:
            emit("learning_rate", float(trainer.learning_rate), step)
        cache["step"] = step
        if "rows" not in cache and "hook" not in cache and isinstance(call.loop, mx.gluon.Block):
            catch = call.wrap(_FirstRows(cache), "the rows of a batch")
            cache["hook"] = call.loop.register_forward_pre_hook(catch)


class _FirstRows:
    """Copies a few rows of what a network is called with, and removes itself from its hooks."""

    def __init__(self, cache: dict[str, Any]) -> None:
        self._cache = cache

    def __call__(self, network: Any, inputs: Sequence[Any]) -> None:
        with mx.autograd.pause():  # else the copying would be part of what is differentiated
            rows = first_rows(list(inputs))
        if rows is not None:
            self._cache["rows"] = rows
            remove_hook(self._cache)


def remove_hook(cache: dict[str, Any]) -> None:
    """Remove what is left of the hook from the user's network."""
    hook = cache.pop("hook", None)
    if hook is not None:
        hook.detach()


def read(losses: Any) -> float:
    """Return the mean of the losses of a step, which are computed by now."""
    values = [np.ravel(one.asnumpy()) for one in losses]
    return float(np.concatenate(values).mean())


def _network_with(parameters: Iterable[Any], frame: FrameType | None) -> Any:
    """Return the smallest network with certain parameters among what the code of the loop refers to; None if none."""
    wanted_ids = {id(parameter) for parameter in parameters}
    while frame is not None:
        networks = []
        for network in _networks(frame):
            own = {id(parameter) for parameter in network.collect_params().values()}
            if wanted_ids <= own:
                networks.append((len(own), network))
        if networks:
            return min(networks, key=lambda pair: pair[0])[1]
        frame = frame.f_back
    return None


def _networks(frame: FrameType) -> Iterator[Any]:
    """Yield the networks in a function's variables, in its module's, and in the attributes of objects of the user's."""
    module = str(frame.f_globals.get("__name__", ""))
    if module.partition(".")[0] in _OURS:
        return
    for value in list({**frame.f_globals, **frame.f_locals}.values()):
        if isinstance(value, mx.gluon.loss.Loss):
            continue
        if isinstance(value, mx.gluon.Block):
            yield value
        elif type(value).__module__ == module and hasattr(value, "__dict__"):
            yield from (part for part in list(vars(value).values()) if isinstance(part, mx.gluon.Block))
