"""Everything that a trainer logs, through a callback of its own kind."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from fitprint.plugin import Emit, Listener, TrainingCall


def listen(call: TrainingCall, emit: Emit) -> Callable[[], None]:
    """Add a listener to the callbacks of the trainer, for the time of the training.

    The list is the trainer's own: it has made it from the list that the user passed.

    Args:
        call: The call of `Trainer.train`, before it is made.
        emit: Records values of metrics.

    Returns:
        What takes the listener out again when the training has ended.
    """
    callbacks = call.instance.callback_handler.callbacks
    listener = LogListener(call, emit)
    callbacks.insert(0, listener)  # first, because callbacks after it may take values out of what is logged

    def remove() -> None:
        callbacks[:] = [callback for callback in callbacks if callback is not listener]

    return remove


class LogListener(Listener, TrainerCallback):  # type: ignore[misc]  # mypy does not read transformers
    """Emits what the trainer logs, by its own names at its global steps, and notes the checkpoints that it saves."""

    def __init__(self, call: TrainingCall, emit: Emit) -> None:
        super().__init__(call, emit)
        self._last_epoch: tuple[int, Any] | None = None

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Emit the numbers of a log; transformers calls this."""
        for name, value in (logs or {}).items():
            if not isinstance(value, numbers.Number) or isinstance(value, complex):
                continue
            if name == "epoch":  # logged again by an evaluation at the same step
                if self._last_epoch == (state.global_step, value):
                    continue
                self._last_epoch = (state.global_step, value)
            self.emit(name, value, state.global_step)

    def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Take note of a checkpoint that the trainer has just written; transformers calls this."""
        path = Path(args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
        if not args.should_save or not path.is_dir():
            return  # another process writes it, or a search of hyperparameters has put it elsewhere
        monitor = args.metric_for_best_model
        if monitor is not None and not monitor.startswith("eval_"):
            monitor = f"eval_{monitor}"  # as the trainer does
        logged = [entry for entry in state.log_history if entry["step"] == state.global_step and monitor in entry]
        score = logged[-1][monitor] if logged else None
        self.emit.checkpoint(path, step=state.global_step, score=score, monitor=monitor if logged else None)
