"""Training loops: which calls are steps, on which model, and with which loss.

An eager step is a call of the optimizer. A step in a `tf.function` is a call of that function: the optimizer's own call
happens only once, when TensorFlow makes the graph. So the first call of such a function is recognised by the call of
the optimizer inside it, and all further ones by the function.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from fitprint.plugin import Emit, TrainingCall
from fitprint_tensorflow import _owners

LOSS = "loss"


@dataclass
class _Compiled:
    """A function whose graph trains a model.

    Attributes:
        trained: What it trains.
        optimizer: What it trains with.
        loss_name: The name of the loss in the graph; None if no tape was asked for a gradient.
        position: Where the loss is among the results of the function; None if it is not among them.
        is_known: Whether `position` has been looked up.
    """

    trained: weakref.ref[Any]
    optimizer: weakref.ref[Any]
    loss_name: str | None
    position: int | None = None
    is_known: bool = False

    def loss(self, call: TrainingCall) -> Any:
        """Return the loss among the results of a call, or None."""
        if not self.is_known:
            self.is_known = True
            self.position = self._find(call)
        if self.position is None:
            return None
        result = call.result
        # most often the loss is all that is returned, and `flatten` would take as long as the rest of this
        return result if isinstance(result, tf.Tensor) else tf.nest.flatten(result)[self.position]

    def _find(self, call: TrainingCall) -> int | None:
        if self.loss_name is None:
            return None
        outputs = call.instance.get_concrete_function(*call.args, **call.kwargs).outputs
        if len(outputs) != len(tf.nest.flatten(call.result)):
            return None
        names = [{output.name, *(source.name for source in output.op.inputs)} for output in outputs]
        return next((at for at, known in enumerate(names) if self.loss_name in known), None)


class Loops:
    """What is known of the loops of this process."""

    def __init__(self) -> None:
        self._optimizers: weakref.WeakKeyDictionary[Any, weakref.ref[Any]] = weakref.WeakKeyDictionary()
        self._functions: weakref.WeakKeyDictionary[Any, _Compiled] = weakref.WeakKeyDictionary()
        self._now = threading.local()
        """Of each thread: the `function` called last, the `loss_name` in its graph, `losses` by variable."""
        self._latest: weakref.ref[Any] | None = None

    def of_function(self, function: Any) -> Any:
        """Return what a `tf.function` trains; None if it does not train, or if that is not known yet."""
        if not tf.executing_eagerly():
            return None
        compiled = self._functions.get(function)
        if compiled is not None:
            return compiled.trained()
        self._now.function, self._now.loss_name = weakref.ref(function), None
        return None

    def of_optimizer(self, call: TrainingCall) -> Any:
        """Return the model that an optimizer trains, or the optimizer where no model is found.

        None for a call that is no step: inside Keras's own `fit`, or of a second optimizer in one `tf.function`.
        """
        optimizer = call.instance
        trained = self._trained_by(optimizer, variables_of(call))
        if trained is None or tf.executing_eagerly():
            return trained
        function = getattr(self._now, "function", lambda: None)()
        if function is not None:
            if function in self._functions:
                return None
            self._functions[function] = _Compiled(
                weakref.ref(trained), weakref.ref(optimizer), getattr(self._now, "loss_name", None)
            )
        return trained

    def optimizer_of(self, call: TrainingCall) -> Any:
        """Return the optimizer of a step: of the call itself, or of the compiled function that makes the step."""
        compiled = self._functions.get(call.instance) if call.name == "__call__" else None
        return compiled.optimizer() if compiled is not None else call.instance

    def steps_before(self, call: TrainingCall) -> int:
        """Return how many steps an optimizer had taken before the first one of a loop."""
        with tf.init_scope():  # also while TensorFlow makes a graph
            return int(self.optimizer_of(call).iterations)

    def latest(self) -> Any:
        """Return what the last step has trained."""
        return self._latest() if self._latest is not None else None

    def note_gradient(self, call: TrainingCall) -> None:
        """Remember the loss that a tape was asked to differentiate, for the step that uses the gradient."""
        loss, sources = call.argument("target"), tf.nest.flatten(call.argument("sources"))
        if not isinstance(loss, tf.Tensor) or loss.shape.rank != 0 or not sources:
            return
        if not tf.executing_eagerly():
            self._now.loss_name = loss.name
            return
        losses = self._now.__dict__.setdefault("losses", {})
        losses[_owners.key_of(sources[0])] = loss

    def emit_loss(self, call: TrainingCall, emit: Emit, step: int) -> None:
        """Emit the loss of a step that has returned."""
        if self._latest is None or self._latest() is not call.loop:
            self._latest = weakref.ref(call.loop)
        loss = None
        if call.name == "apply":
            losses: Mapping[int, Any] = self._now.__dict__.pop("losses", {})
            if losses and not hasattr(call.instance, "dynamic_scale"):  # else the loss may be a scaled one
                keys = map(_owners.key_of, variables_of(call))
                loss = next((losses[key] for key in keys if key in losses), None)
        elif (compiled := self._functions.get(call.instance)) is not None:
            loss = compiled.loss(call)
        if loss is not None:
            emit(LOSS, loss, step)

    def _trained_by(self, optimizer: Any, variables: list[Any]) -> Any:
        known = self._optimizers.get(optimizer)
        trained = known() if known is not None else None
        if trained is None:
            frame = sys._getframe(1)
            if _owners.is_trained_by_keras(frame):
                return None
            trained = _owners.owner_of(variables, frame) or optimizer
            self._optimizers[optimizer] = weakref.ref(trained)
        return trained


def variables_of(call: TrainingCall) -> list[Any]:
    """Return the variables of a call of `Optimizer.apply`."""
    given = call.argument("trainable_variables")
    return list(given if given is not None else getattr(call.instance, "_trainable_variables", ()))


def emit_scalar(call: TrainingCall) -> None:
    """Emit what `tf.summary.scalar` has written, with its own step."""
    value, step = call.argument("data"), call.argument("step")
    step = tf.summary.experimental.get_step() if step is None else step
    if step is None:
        return
    if not tf.executing_eagerly():
        call.skip(f"metric {call.argument('name')}", "tensorflow", "tf.summary.scalar writes it inside a tf.function")
        return
    call.emit(str(call.argument("name")), float(value), int(step))
