"""A python model with its context: which arguments its `predict` is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from fitprint._core.guard import warn_once
from fitprint.pyfunc._base import PythonModelContext
from fitprint.pyfunc._type_hints import as_hinted, input_hint


class RunningModel:
    """A python model that has its context."""

    def __init__(self, python_model: Any, context: PythonModelContext) -> None:
        self.python_model = python_model
        self.context = context
        names = list(inspect.signature(python_model.predict).parameters)
        data = [each for each in names if each not in ("self", "params")]
        self._takes_context = "context" in names or len(data) == 2  # its first argument may have any name
        self._hint = self._input_hint()

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """What the python model predicts."""
        arguments = (
            (self.context, as_hinted(data, self._hint)) if self._takes_context else (as_hinted(data, self._hint),)
        )
        return call_with_params(self.python_model.predict, arguments, params)

    def _input_hint(self) -> Any:
        kept = getattr(self.python_model, "_predict_type_hints", None)  # of a function, or written by MLflow
        return kept.input if kept is not None else input_hint(self.python_model.predict, int(self._takes_context))


def call_with_params(predict: Callable[..., Any], arguments: tuple[Any, ...], params: Mapping[str, Any] | None) -> Any:
    """Calls a method that predicts; ``params`` are passed only to one that names them."""
    if "params" in inspect.signature(predict).parameters:
        return predict(*arguments, params=params)
    if params:
        name = getattr(predict, "__qualname__", type(predict).__name__)
        warn_once(("params", name), f"{name} takes no params; ignored: {', '.join(params)}")
    return predict(*arguments)
