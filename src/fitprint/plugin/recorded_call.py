"""One call as it is recorded: what was called with what, what came of it, and where its metrics go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fitprint._core.guard import guarded
from fitprint._core.publish import publish
from fitprint._settings.table import Settings
from fitprint.plugin.arguments import FUNCTIONS_OWN, argument, named_arguments, with_argument
from fitprint.plugin.callbacks import SafeCallback
from fitprint.plugin.emit import DISCARDING, Emit
from fitprint.plugin.model_format import ModelFormat


class SecondsUnknown(Exception):
    """The duration of a training call was asked for before the call has returned."""


_DEFAULT_SETTINGS = Settings()  # shared, because making one at every step of a loop would take too long


@dataclass
class RecordedCall:
    """The part of a `TrainingCall` that asks its flavor nothing: the arguments, the result, and what is noted of it."""

    flavor: ModelFormat
    """The flavor of the entry point."""
    function: Any
    """The function or method that was called."""
    instance: Any
    """The object whose method was called; None for a function."""
    args: tuple[Any, ...]
    """The arguments that were passed by position."""
    kwargs: dict[str, Any]
    """The arguments that were passed by name."""
    name: str = ""
    """The name of the function that was called, such as ``fit`` or ``train``."""
    settings: Settings = _DEFAULT_SETTINGS
    """The settings that hold for this flavor."""
    result: Any = None
    """What the call returned."""
    took: float | None = None
    """The duration of the user's own call in seconds; None until it has returned."""
    predicted: tuple[Any, Any] | None = None
    """All inputs that the model has predicted for metrics, and its predictions: the signature is inferred from them."""
    cache: dict[str, Any] = field(default_factory=dict)
    """Small results that one method of the flavor computes and another needs; shared by all calls of a loop."""
    loop: Any = None
    """In a step, and when its loop is saved or ends: what `Flavor.loop_of` returned. When the loop ends, None if the
    object, or one of several, does not exist any more. In other calls None."""
    other_names: tuple[str, ...] = ()
    """Further names under which users find the package in the run, besides ``model``; `Flavor.model` may set them."""
    emit: Emit = DISCARDING
    """Records values of a metric in this call's run."""
    skip: Callable[[str, str, str], None] = lambda what, rule, reason: None
    """Stores in ``run.skipped`` why something was not recorded; takes what it was, the rule, and the reason."""
    is_by_callback: bool = False
    """Whether a callback of `Flavor.callback` has found the call. The function may have changed its arguments then."""

    def argument(self, name: str, default: Any = FUNCTIONS_OWN) -> Any:
        """Return one argument of the call, whether it was passed by position or by name.

        Args:
            name: The name of the parameter.
            default: What to return when the argument was not passed. By default the function's own default for it, or
                None if the function has none.
        """
        return argument(self.function, self.args, self.kwargs, name, default)

    def arguments(self, *leading: str) -> dict[str, Any]:
        """Return all arguments that have a name, including the defaults of those that were not passed.

        Args:
            leading: Names for the first arguments, for a function that does not name them (``*args``).
        """
        return named_arguments(self.function, self.args, self.kwargs, leading)

    def replace_argument(self, name: str, value: Any) -> None:
        """Set an argument to another value, in new `args` or `kwargs`.

        Args:
            name: The name of the parameter.
            value: The new value.

        Raises:
            TypeError: The function has no such parameter.
        """
        self.args, self.kwargs = with_argument(self.function, self.args, self.kwargs, name, value)

    def wrap(self, function: Callable[..., Any], step: str = "per-iteration metrics") -> SafeCallback:
        """Return a function for the framework to call, whose errors never reach the training: see `safe_callback`.

        Args:
            function: The function to call. After an error in it, the framework gets None.
            step: What the function does, for the report of an error.
        """
        return SafeCallback(function, self.guard(step))

    def guard(self, step: str) -> guarded:
        """Return a context manager for code that the framework calls during the user's training.

        An error inside the block ends the block and is reported once; the training goes on. It may be used many times,
        and keeps no reference to this call.

        Args:
            step: What the code does, for the report: ``"per-iteration metrics"``.
        """
        return guarded(step, self.flavor.name, strict=self.settings.strict)

    @property
    def checkpoint(self) -> Callable[..., None]:
        """Takes note of a checkpoint that the user has just written: `Emit.checkpoint` of `emit`, with its arguments.

        ``call.checkpoint(path, step=3, score=0.25, monitor="val_loss")``. A callback may store this function, which can
        be pickled, as `emit` can.
        """
        return self.emit.checkpoint

    @property
    def class_name(self) -> str:
        """The qualified name of the instance's class, or of the function."""
        owner = type(self.instance) if self.instance is not None else self.function
        return f"{owner.__module__}.{owner.__qualname__}"

    @property
    def seconds(self) -> float:
        """The duration of the user's own call. For rules.

        Raises:
            SecondsUnknown: The call has not returned yet.
        """
        if self.took is None:
            raise SecondsUnknown("the duration of a training call is not known before it has returned")
        return self.took


publish("fitprint.plugin", SecondsUnknown)
