"""Python models: the classes that users derive theirs from, plain functions as models, and how a model is called."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fitprint._core.guard import warn_once
from fitprint._core.publish import publish
from fitprint.pyfunc._type_hints import as_hinted, input_hint


class PythonModelContext:
    """What a python model finds beside itself in its package.

    Args:
        artifacts: The name and the absolute path of each artifact.
        model_config: The config of the model, or None if it has none.
    """

    def __init__(self, artifacts: Mapping[str, str], model_config: Mapping[str, Any] | None) -> None:
        self._artifacts = dict(artifacts)
        self._model_config = model_config

    @property
    def artifacts(self) -> dict[str, str]:
        """The name and the absolute path of each artifact."""
        return self._artifacts

    @property
    def model_config(self) -> Any:
        """The model's config with the changes of the caller of `load_model`, or None."""
        return self._model_config


class PythonModel:
    """A model that a user writes: a subclass says how it predicts, and may first load files of its package.

    Its method is ``predict(self, context, model_input, params=None)``; ``context`` and ``params`` may be left out.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Prepare the model. Called once when the package is loaded.

        Args:
            context: The paths of the package's files in ``context.artifacts``, and the model's config.
        """

    def predict(self, context: PythonModelContext, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Predict rows of data.

        Args:
            context: What `load_context` got.
            model_input: The rows.
            params: The values of the params that the signature declares.

        Returns:
            The predictions.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method predict")

    # a model that can also predict piece by piece has `predict_stream(self, context, model_input, params=None)`


publish("fitprint.pyfunc", PythonModel, PythonModelContext)


def of_function(function: Callable[..., Any]) -> PythonModel:
    """Return a python model that calls a function of one input, with ``params`` if the function has that parameter.

    Its class has no importable name, so that it is pickled with the function and readers do not need fitprint.

    Raises:
        TypeError: The function takes other arguments.
    """
    signature = inspect.signature(function)
    takes_params = "params" in signature.parameters
    try:
        signature.bind(None, **({"params": None} if takes_params else {}))
    except TypeError:
        name = getattr(function, "__name__", function)
        raise TypeError(
            f"a function can be a model if it can be called with one input, and optionally params; "
            f"{name}{signature} cannot"
        ) from None

    class FunctionModel(PythonModel):
        """A function as a model."""

        def __init__(self, func: Any, takes_params: bool, hints: Any) -> None:
            self.func = func
            self._takes_params = takes_params
            self._predict_type_hints = hints

        def predict(self, model_input: Any, params: Any = None) -> Any:  # type: ignore[override]
            return self.func(model_input, params=params) if self._takes_params else self.func(model_input)

    FunctionModel.__module__ = "__main__"  # where nothing of this name can be found
    hints = types.SimpleNamespace(input=input_hint(function, 0), output=None)  # under the name that readers use
    return FunctionModel(function, takes_params, hints)


def takes_context(method: Callable[..., Any]) -> bool:
    """Return whether a method of a python model takes the context as its first argument, which may have any name."""
    names = list(inspect.signature(method).parameters)
    return "context" in names or len([name for name in names if name not in ("self", "params")]) == 2


def only_row(data: Any) -> Any:
    """Return the only row of a table, an array or a list; anything else is one row already.

    A row of a table is a dict, or a value alone if the table has one column without a name.

    Raises:
        ValueError: There are several rows, or none.
    """
    if hasattr(data, "to_dict") and hasattr(data, "columns"):
        rows = data[0].tolist() if list(data.columns) == [0] else data.to_dict("records")
    else:
        rows = data.tolist() if hasattr(data, "tolist") else data
    if not isinstance(rows, list):
        return rows
    if len(rows) != 1:
        raise ValueError(f"predict_stream() takes one row, not {len(rows)}")
    return rows[0]


class RunningModel:
    """A python model together with its context."""

    def __init__(self, python_model: Any, context: PythonModelContext) -> None:
        self.python_model = python_model
        self.context = context
        self._takes_context = takes_context(python_model.predict)
        self._hint = self._input_hint()

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Return what the python model predicts."""
        arguments = (
            (self.context, as_hinted(data, self._hint)) if self._takes_context else (as_hinted(data, self._hint),)
        )
        return call_with_params(self.python_model.predict, arguments, params)

    def predict_stream(self, data: Any, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Return an iterator over what the python model yields for one row, which it gets as the row alone."""
        method = self.python_model.predict_stream
        row = only_row(data)
        arguments = (self.context, row) if takes_context(method) else (row,)
        return iter(call_with_params(method, arguments, params))

    def _input_hint(self) -> Any:
        hints = getattr(self.python_model, "_predict_type_hints", None)  # set for functions, and by MLflow
        return hints.input if hints is not None else input_hint(self.python_model.predict, int(self._takes_context))


def call_with_params(predict: Callable[..., Any], arguments: tuple[Any, ...], params: Mapping[str, Any] | None) -> Any:
    """Call a method that predicts; ``params`` are passed only if it has that parameter."""
    if "params" in inspect.signature(predict).parameters:
        return predict(*arguments, params=params)
    if params:
        name = getattr(predict, "__qualname__", type(predict).__name__)
        warn_once(("params", name), f"{name} takes no params, so these are ignored: {', '.join(params)}")
    return predict(*arguments)
