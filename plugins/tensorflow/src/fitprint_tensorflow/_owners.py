"""Which model owns the variables that an optimizer trains: TensorFlow itself does not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

import keras
import tensorflow as tf

_TRAINERS = ("keras.src.trainers.", "keras.src.backend.tensorflow.trainer")


def key_of(variable: Any) -> int:
    """Return what identifies a variable: Keras wraps those of TensorFlow."""
    return id(variable.value) if isinstance(variable, keras.Variable) else id(variable)


def is_trained_by_keras(frame: FrameType | None) -> bool:
    """Return whether Keras's own `fit` is among the callers of a frame."""
    return any(str(one.f_globals.get("__name__", "")).startswith(_TRAINERS) for one in _callers(frame))


def owner_of(variables: Iterable[Any], frame: FrameType | None) -> Any:
    """Find the model whose variables are trained among what the code of the training loop refers to.

    Args:
        variables: The variables.
        frame: The innermost frame of the loop; its callers are looked at too.

    Returns:
        The model with the fewest further variables; None if there is none.
    """
    wanted = {key_of(variable) for variable in variables}
    owners: list[tuple[int, Any]] = []
    seen: set[int] = set()
    for one in _callers(frame):
        for candidate in _candidates(one):
            if id(candidate) not in seen:
                seen.add(id(candidate))
                own = {key_of(variable) for variable in candidate.trainable_variables}
                if wanted <= own:
                    owners.append((len(own), candidate))
        if owners:
            return min(owners, key=lambda pair: pair[0])[1]
    return None


def is_model(value: Any) -> bool:
    """Return whether a value is a module of TensorFlow or a model of Keras."""
    return isinstance(value, (tf.Module, keras.Model)) and not isinstance(value, tf.Variable)


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _candidates(frame: FrameType) -> Iterator[Any]:
    """Yield the models in a function's variables, in its module's, and in the attributes of objects of the user's."""
    names = {**frame.f_globals, **frame.f_locals} if not _is_of_framework(frame) else {}
    for value in list(names.values()):
        if is_model(value):
            yield value
        elif type(value).__module__ == frame.f_globals.get("__name__") and hasattr(value, "__dict__"):
            yield from filter(is_model, list(vars(value).values()))


def _is_of_framework(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return name.partition(".")[0] in ("tensorflow", "keras", "fitprint", "fitprint_tensorflow")
