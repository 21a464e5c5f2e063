"""What a framework's own callback records a training with, where no function of the framework is patched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from fitprint._core.guard import guarded
from fitprint._core.publish import publish
from fitprint.plugin.emit import Emit

Listen = Callable[[Any, Emit], "Callable[[], None] | None"]
"""Prepares to follow a training: is given the `TrainingCall` and `emit`, and returns what `Flavor.listen` returns."""


class CallbackRecording(Protocol):
    """Records the trainings that one callback is given to, one after the other. None of its methods raises.

    It pickles and copies wherever it is, and a copy records trainings of its own.
    """

    def begin(self, listen: Listen | None = None, instance: Any = None, **arguments: Any) -> bool:
        """Begin a run for the training that the framework has just begun.

        The call is found on the stack: it is the outermost one that `autolog()` would record (`Role.TRAINS`), with the
        arguments that its function has at this moment. Nothing is begun, and ``listen`` is not called, if something
        records the call already, settings leave it out, or nothing is known of it.

        Args:
            listen: Prepares to follow the training: it gets the call and `emit`, and returns a function to be called
                when the training has ended, or None. By default this is `Flavor.listen`, for frameworks whose list of
                callbacks may be added to while the training is going on.
            instance: What is trained, for when no such call is found because the framework calls back in another
                process or thread.
            arguments: The arguments of the training for the same case.

        Returns:
            Whether this callback records the training: it began a run now, or earlier in the same call.
        """

    def returns(self, result: Any) -> None:
        """Note what the call of the training returns, such as the model of a function ``train``.

        What ``listen`` has returned may still do this.

        Args:
            result: The value.
        """

    def end(self, error: BaseException | None = None) -> None:
        """Note that the training has ended. Its run ends when the call returns, or now if no call was found.

        It is not necessary where the call is found: its end is seen, and also whether it has returned.

        Args:
            error: What ended the training, if it did not end well.
        """

    def guard(self, step: str) -> guarded:
        """Return a context manager for code that the framework calls, as `TrainingCall.guard` does.

        Args:
            step: What the code does, for the report of an error.
        """


publish("fitprint.plugin", CallbackRecording)
