"""What users derive their own models from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fitprint._core.publish import publish


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


publish("fitprint.pyfunc", PythonModel, PythonModelContext)
