"""A function of a plugin that the framework calls during the user's training: guarded, and safe to pickle and to copy.

Frameworks keep the callbacks that they are given. Some pickle them, to train in other processes, and some copy them. An
error in a callback, or a callback that cannot be pickled, would end the user's training.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from fitprint._core.guard import attempt, guarded


class SafeCallback:
    """A function of a plugin under the guard. It pickles whatever the function is, and a copy calls the same function.

    In another process it calls a copy of the function if that can be pickled, and does nothing otherwise.
    """

    __module__ = "fitprint.plugin"

    def __init__(self, function: Callable[..., Any], guard: guarded) -> None:
        """Prepare the function.

        Args:
            function: The function to call.
            guard: What reports its errors, from `TrainingCall.guard`.
        """
        self._function = function
        self._guard = guard

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, and return None if it raises an error."""
        with self._guard:
            return self._function(*args, **kwargs)
        return None

    def __copy__(self) -> SafeCallback:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> SafeCallback:
        return self

    def __reduce__(self) -> Any:
        import cloudpickle

        pickled, stream = attempt(cloudpickle.dumps, self._function)
        return _unpickled, (stream if pickled else None, self._guard)


def _unpickled(stream: bytes | None, guard: guarded) -> SafeCallback:
    """Return a callback as it is in another process: without a function if that could not travel."""
    function = _do_nothing
    if stream is not None:
        loaded, result = attempt(pickle.loads, stream)
        function = result if loaded else _do_nothing
    return SafeCallback(function, guard)


def _do_nothing(*args: Any, **kwargs: Any) -> None:
    return
