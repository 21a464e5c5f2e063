"""The loss of each step: what gradients were computed of since the last step, and which function it came from.

The loss of a step is the sum of all that `backward` was called on since the step before: this is what the optimizer
minimises, whether gradients are accumulated over several batches or a loss has several parts. A scaler's factor is left
out of it.
"""

from __future__ import annotations

import weakref
from typing import Any

from torch import Tensor

from fitprint.plugin import TrainingCall
from fitprint_pytorch._thread import Thread
from fitprint_pytorch._values import copied

FUNCTIONS = (
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "cross_entropy",
    "ctc_loss",
    "gaussian_nll_loss",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "margin_ranking_loss",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
)
"""The functions of `torch.nn.functional` that compute a loss. The loss modules of `torch.nn` call them."""
_FACTORS = ("MulBackward0", "DivBackward0")
_MOST_FACTORS = 3
"""By how many factors a loss may be multiplied before `backward`, so that its function is still known."""


def is_plain_scalar(value: Any) -> bool:
    """Return whether a value is a tensor with one value, whose copy makes no process wait for another one."""
    return type(value) is Tensor and value.numel() == 1


class PendingLosses:
    """What `backward` was called on since the last step, in each thread."""

    def __init__(self, thread: Thread) -> None:
        self._thread = thread

    @property
    def target(self) -> Any:
        """The target of the latest loss of a function with gradients; None if it does not exist any more."""
        target = self._thread.state.target
        return target() if target is not None else None

    def computed(self, loss: Tensor, function: str, target: Any = None) -> None:
        """Take note of a loss that a function has returned, and of which gradients can be computed."""
        state = self._thread.state
        if isinstance(target, Tensor):
            state.target = weakref.ref(target)
        state.computed = (loss.grad_fn._sequence_nr(), function) if loss.grad_fn is not None else None

    def scaled(self, call: TrainingCall) -> None:
        """Take note that a scaler has multiplied a loss, to have the loss as it was before."""
        unscaled, state = call.args[0] if call.args else None, self._thread.state
        if is_plain_scalar(unscaled) and is_plain_scalar(call.result):
            state.scaled = (weakref.ref(call.result), copied(unscaled))
            if state.computed is not None and _comes_from(unscaled, state.computed[0]):
                self.computed(call.result, state.computed[1])

    def backward(self, instance: None, args: tuple[Any, ...], kwargs: dict[str, Any], result: None) -> None:
        """Add what gradients were computed of to the loss of the next step: the tensors that `backward` was given."""
        tensors: Any = args[0] if args else kwargs.get("tensors")
        if type(tensors) is not Tensor:
            for loss in tensors if isinstance(tensors, (list, tuple)) else ():
                self.backward(instance, (loss,), {}, result)
            return
        if tensors.numel() != 1:
            return
        state = self._thread.state
        value = function = None
        if state.scaled is not None:
            scaled, state.scaled = state.scaled, None
            value = scaled[1] if scaled[0]() is tensors else None
        if value is None:
            value = copied(tensors)
        if state.computed is not None:
            computed, state.computed = state.computed, None
            function = computed[1] if _comes_from(tensors, computed[0]) else None
        if state.loss is None:
            state.loss, state.function, state.count = value, function, 1
        else:
            state.loss += value
            state.function = function if function == state.function else None
            state.count += 1


def _comes_from(loss: Tensor, computed: int) -> bool:
    """Return whether a loss is what a node of the graph has computed, possibly multiplied by factors.

    The node is known by its number, because to keep the node would keep the whole graph.
    """
    node: Any = loss.grad_fn
    for _ in range(_MOST_FACTORS + 1):
        if node is None or node._sequence_nr() == computed:
            return node is not None
        if node.name() not in _FACTORS:
            return False
        node = node.next_functions[0][0]
    return False


def batch_size(call: TrainingCall) -> int:
    """Return how many rows a loss is of."""
    inputs = call.args[0] if call.args else call.kwargs.get("input")
    return int(inputs.shape[0]) if isinstance(inputs, Tensor) and inputs.dim() else 1


def is_sum(call: TrainingCall) -> bool:
    """Return whether a loss is the sum over its rows, and not their mean."""
    return bool(call.argument("reduction", "mean") == "sum")


def target_of(call: TrainingCall) -> Any:
    """Return the target of a loss."""
    return call.args[1] if len(call.args) > 1 else call.kwargs.get("target")
