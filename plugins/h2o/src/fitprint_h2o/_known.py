"""Which recorded model an object of H2O belongs to, without keeping any of them alive.

The library makes a new object whenever it is asked for a model, and predictions are frames of the cluster until the
user takes them out.
"""

from __future__ import annotations

import weakref
from typing import Any


class KnownModels:
    """The models that were recorded, by their keys, and the frames that they have predicted."""

    def __init__(self) -> None:
        self._models: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
        self._of_searches: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
        self._frames: dict[int, tuple[weakref.ref[Any], weakref.ref[Any]]] = {}
        """By the `id` of a frame, which cannot be hashed: the frame, and the model that has predicted it."""

    def add(self, model: Any, search: Any = None) -> None:
        """Remember a recorded model.

        Args:
            model: The model.
            search: The search that has found it, which the user may keep in the place of the model; or None.
        """
        self._models[model.model_id] = model
        if search is not None:
            self._of_searches[search] = model

    def recorded(self, model: Any) -> Any:
        """Return the recorded object of the same model; the object itself if there is none."""
        return self._models.get(str(getattr(model, "model_id", "")), model)

    def add_predictions(self, frame: Any, model: Any) -> None:
        """Remember the frame that a model has predicted."""
        key = id(frame)
        self._frames[key] = weakref.ref(frame, lambda _: self._frames.pop(key, None)), weakref.ref(model)

    def model_of(self, frame: Any) -> Any:
        """Return the model that has predicted a frame, or None."""
        known = self._frames.get(id(frame))
        return known[1]() if known is not None and known[0]() is frame else None
