"""Keras models of the user's own classes, whose file in Keras's format could not be read without these classes."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

WHY = (
    "{names} is not a class of Keras, so whoever loads the model has to register it first, with "
    "keras.saving.register_keras_serializable or keras.saving.custom_object_scope"
)


def names_in(model: Any) -> list[str]:
    """Return the names of the user's own classes among those of a model and its layers."""
    classes = {type(layer) for layer in model._flatten_layers()}
    return sorted(cls.__name__ for cls in classes if cls.__module__.partition(".")[0] != "keras")


def as_module(model: Any) -> Any:
    """Return a module that computes what a model predicts, and whose SavedModel needs none of the model's classes.

    Args:
        model: The model.

    Returns:
        The module; None for anything but a Keras model of the user's own classes that has one input.
    """
    if not isinstance(model, keras.Model) or not names_in(model):
        return None
    shape = (model.get_build_config() or {}).get("input_shape")
    if not isinstance(shape, (list, tuple)) or not all(one is None or isinstance(one, int) for one in shape):
        return None
    return _Module(model, tf.TensorSpec((None, *shape[1:]), keras.config.floatx()))


class _Module(tf.Module):  # type: ignore[misc, unused-ignore]
    def __init__(self, model: Any, rows: Any) -> None:
        super().__init__()
        self.model = model
        options = {"training": False} if model._call_has_training_arg else {}
        self.__call__ = tf.function(lambda inputs: model(inputs, **options), input_signature=[rows])
