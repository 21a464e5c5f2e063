"""Class probabilities of models that have the usual methods."""

from __future__ import annotations

from typing import Any


def class_probabilities(model: Any, data: Any) -> tuple[Any, Any] | None:
    """Return the class probabilities of rows, or for two classes decision values, and the classes in their order.

    Args:
        model: A model, whose methods ``predict_proba`` and ``decision_function`` are called if there are any.
        data: The rows.

    Returns:
        The scores and the classes, which are None if the model does not tell them. None if there are no scores.
    """
    classes = getattr(model, "classes_", None)
    if callable(getattr(model, "predict_proba", None)):
        return model.predict_proba(data), classes
    if callable(getattr(model, "decision_function", None)) and classes is not None and len(classes) == 2:
        return model.decision_function(data), classes
    return None
