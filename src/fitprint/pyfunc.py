"""A package as something that predicts, whatever framework made it: `load_model` and `PyFuncModel`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fitprint import _html
from fitprint._loading import GENERIC, Loaded, load, signature_of
from fitprint.models.enforcement import enforce_inputs, enforce_params
from fitprint.models.errors import PackageError
from fitprint.models.signature import ModelSignature

__all__ = ["PyFuncModel", "load_model"]


class ModelMetadata:
    """What the MLmodel of a package says."""

    def __init__(self, document: Mapping[str, Any], signature: ModelSignature | None) -> None:
        self.signature = signature
        self.flavors: dict[str, Any] = dict(document["flavors"])
        self.run_id: str | None = document.get("run_id")
        self.model_uuid: str | None = document.get("model_uuid")
        self.utc_time_created: str | None = document.get("utc_time_created")
        self.metadata: dict[str, Any] | None = document.get("metadata")

    def get_input_schema(self) -> Any:
        """The schema of the inputs, or None."""
        return self.signature.inputs if self.signature is not None else None

    def get_output_schema(self) -> Any:
        """The schema of the outputs, or None."""
        return self.signature.outputs if self.signature is not None else None


class PyFuncModel:
    """A loaded package: `predict` enforces the package's signature and gives what its flavor predicts."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self.metadata = ModelMetadata(loaded.document, signature_of(loaded.document, loaded.folder))

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Predicts rows of data. Raises SchemaError, a line per column, for data that does not fit the signature."""
        signature = self.metadata.signature
        if signature is not None and signature.inputs is not None:
            data = enforce_inputs(data, signature.inputs, lossless=True)
        given = enforce_params(params, signature.params if signature is not None else None)
        return self._loaded.flavor.predict(self._loaded.model, data, given or None)

    def unwrap(self) -> Any:
        """The native model."""
        return self._loaded.model

    def __repr__(self) -> str:
        return (
            f"<PyFuncModel {self._loaded.flavor.name} {type(self._loaded.model).__name__} {self.metadata.signature!r}>"
        )

    def _repr_html_(self) -> str:
        rows = {
            "flavor": self._loaded.flavor.name,
            "class": type(self._loaded.model).__name__,
            "folder": self._loaded.folder,
            "run": self.metadata.run_id,
        }
        signature = self.metadata.signature
        return _html.table(("", "model"), rows.items()) + (signature._repr_html_() if signature is not None else "")


def load_model(model_uri: str | os.PathLike[str]) -> PyFuncModel:
    """Loads a package, from a path or ``runs:/<run_id>/<name>``, with no mlflow installed.

    Raises PackageError, one line, for a broken package, a flavor that is not installed, a model that cannot predict.
    """
    loaded = load(model_uri)
    if GENERIC not in loaded.document["flavors"]:
        name = loaded.flavor.name
        raise PackageError(f"{loaded.folder} cannot predict; its native object: fitprint.{name}.load_model(...)")
    return PyFuncModel(loaded)
