"""Python models: what users derive theirs from, plain functions as models, and how either is called."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any

from fitprint._core.guard import warn_once
from fitprint.pyfunc._type_hints import as_hinted, input_hint


class PythonModelContext:
    """What a python model finds beside itself in its package."""

    def __init__(self, artifacts: Mapping[str, str], model_config: Mapping[str, Any] | None) -> None:
        self._artifacts = dict(artifacts)
        self._model_config = model_config

    @property
    def artifacts(self) -> dict[str, str]:
        """From the name of an artifact to its absolute path."""
        return self._artifacts

    @property
    def model_config(self) -> Any:
        """The model's config with what the caller of `load_model` changed of it, or None."""
        return self._model_config


class PythonModel:
    """A model of the user's own: a subclass says how it predicts, and may load files of its package first.

    ``predict(self, context, model_input, params=None)``, or without `context`, or without `params`.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Called once when the package is loaded; `context.artifacts` has the paths of its files."""

    def predict(self, context: PythonModelContext, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Predicts rows of data."""
        raise NotImplementedError(f"{type(self).__name__} has no method predict")


for _public in (PythonModel, PythonModelContext):
    _public.__module__ = "fitprint.pyfunc"  # where users import them from, and where their pickles look for them


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
