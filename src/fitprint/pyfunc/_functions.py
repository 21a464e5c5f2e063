"""A plain function as a python model."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

from fitprint.pyfunc._base import PythonModel
from fitprint.pyfunc._type_hints import input_hint


def of_function(function: Callable[..., Any]) -> PythonModel:
    """A python model that calls a function of one input, and gives it ``params`` if it has them.

    Its class has no importable name, so that it travels with the function: no reader needs fitprint for it.
    Raises TypeError for a function that takes anything else.
    """
    signature = inspect.signature(function)
    takes_params = "params" in signature.parameters
    try:
        signature.bind(None, **({"params": None} if takes_params else {}))
    except TypeError:
        name = getattr(function, "__name__", function)
        raise TypeError(
            f"a function that is to be a model is called with one input, and with params if it names them; "
            f"{name}{signature} cannot be"
        ) from None

    class FunctionModel(PythonModel):
        """A function as a model."""

        def __init__(self, func: Any, takes_params: bool, hints: Any) -> None:
            self.func = func
            self._takes_params = takes_params
            self._predict_type_hints = hints

        def predict(self, model_input: Any, params: Any = None) -> Any:  # type: ignore[override]
            return self.func(model_input, params=params) if self._takes_params else self.func(model_input)

    FunctionModel.__module__ = "__main__"  # where nothing is found by its name
    hints = types.SimpleNamespace(input=input_hint(function, 0), output=None)  # under the name that readers ask for
    return FunctionModel(function, takes_params, hints)
