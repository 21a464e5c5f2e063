"""One call of an entry point, as flavors and rules see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fitprint._settings.table import Settings
from fitprint.plugin.arguments import argument, named_arguments, with_argument
from fitprint.plugin.emit import Emit, Nowhere

if TYPE_CHECKING:
    from fitprint.plugin.flavor import Flavor

Rule = Callable[["TrainingCall"], "str | None"]
"""From a training call to the reason why it is not recorded, or None. Its name is its `name`, else its function's.

It is asked before the call; one that reads `TrainingCall.seconds` is asked when the call has returned.
"""


class SecondsUnknown(Exception):
    """The training call has not returned yet."""


_DEFAULTS = Settings()  # a step of a loop has no time to make one


@dataclass
class TrainingCall:
    """One call of an entry point. Flavors read it; `args` and `kwargs` may be replaced by `listen`, never changed."""

    flavor: Flavor
    function: Any
    instance: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    name: str = ""
    """The name of the function called: ``fit``, ``train``."""
    settings: Settings = _DEFAULTS
    result: Any = None
    took: float | None = None
    """What `seconds` gives, None until the call has returned."""
    kept: dict[str, Any] = field(default_factory=dict)
    """Where a flavor keeps what one step worked out and another needs; of a loop, for all its calls: nothing large."""
    loop: Any = None
    """Of a step, and when its loop ends: the object that `Flavor.loop_of` named. Else None."""
    emit: Emit = field(default_factory=Nowhere)
    skip: Callable[[str, str, str], None] = lambda what, rule, reason: None
    """Keeps a reason, (what, rule, reason), for what is not recorded."""
    asked_later: tuple[Rule, ...] = ()
    """The rules that have read `seconds` too early."""

    def argument(self, name: str, default: Any = None) -> Any:
        """The argument of a name, however it was given; ``default`` when it was not."""
        return argument(self.function, self.args, self.kwargs, name, default)

    def arguments(self, *leading: str) -> dict[str, Any]:
        """All named arguments, defaults included. ``leading`` names the first ones where the function does not."""
        return named_arguments(self.function, self.args, self.kwargs, leading)

    def replace_argument(self, name: str, value: Any) -> None:
        """Another value for an argument, in new ``args`` or ``kwargs``. Raises TypeError where there is no such one."""
        self.args, self.kwargs = with_argument(self.function, self.args, self.kwargs, name, value)

    @property
    def class_name(self) -> str:
        """The qualified name of the model's class, else of the function."""
        kind = type(self.instance) if self.instance is not None else self.function
        return f"{kind.__module__}.{kind.__qualname__}"

    @property
    def seconds(self) -> float:
        """How long the user's own call took. Raises SecondsUnknown until it has returned."""
        if self.took is None:
            raise SecondsUnknown("how long a training call took is known when it has returned")
        return self.took

    @property
    def params(self) -> Mapping[str, Any]:
        """The params that the flavor finds in the call; for rules."""
        return self.flavor.params(self)

    @property
    def data_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of ``inputs`` and ``target`` as far as they are known; nothing is copied. For rules."""
        return self.flavor.shapes(self)
