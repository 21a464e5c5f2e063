"""A package as something that predicts, whatever made it: `load_model` and `PyFuncModel`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from fitprint._core import html as _html
from fitprint._core.guard import warn_once
from fitprint._packages.load import Loaded, load, signature_of
from fitprint.models.enforcement import enforce_inputs, enforce_params
from fitprint.models.errors import PackageError
from fitprint.models.example_reading import read_example
from fitprint.models.signature import ModelSignature
from fitprint.pyfunc._context import Config
from fitprint.pyfunc._flavor import PyfuncFlavor
from fitprint.pyfunc._python_model import RunningModel


class ModelMetadata:
    """What the MLmodel of a package says."""

    def __init__(self, document: Mapping[str, Any], signature: ModelSignature | None) -> None:
        self.signature = signature
        self.flavors: dict[str, Any] = dict(document["flavors"])
        self.run_id: str | None = document.get("run_id")
        self.artifact_path: str | None = document.get("artifact_path")
        self.model_uuid: str | None = document.get("model_uuid")
        self.utc_time_created: str | None = document.get("utc_time_created")
        self.mlflow_version: str | None = document.get("mlflow_version")
        self.metadata: dict[str, Any] | None = document.get("metadata")

    def get_input_schema(self) -> Any:
        """The schema of the inputs, or None."""
        return self.signature.inputs if self.signature is not None else None

    def get_output_schema(self) -> Any:
        """The schema of the outputs, or None."""
        return self.signature.outputs if self.signature is not None else None

    def get_params_schema(self) -> Any:
        """The schema of the params, or None."""
        return self.signature.params if self.signature is not None else None


class PyFuncModel:
    """A loaded package: `predict` enforces the package's signature and gives what its flavor predicts."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self.metadata = ModelMetadata(loaded.document, signature_of(loaded.document, loaded.folder))
        self._checks_itself = bool(loaded.document.get("is_signature_from_type_hint"))

    @property
    def loader_module(self) -> str | None:
        """The module that the package names as its loader."""
        return self._loaded.generic.get("loader_module")

    @property
    def model_config(self) -> dict[str, Any]:
        """The config of the model, with what the caller of `load_model` changed; empty for none."""
        model = self._loaded.model
        kept = model.context.model_config if isinstance(model, RunningModel) else self._loaded.generic.get("config")
        return dict(kept or {})

    @property
    def input_example(self) -> Any:
        """The data of the package's input example, with the signature's types; None without one.

        Raises PackageError for one that cannot be read.
        """
        info = self._loaded.document.get("saved_input_example_info")
        if not isinstance(info, dict):
            return None
        return read_example(self._loaded.folder, info, self.metadata.get_input_schema())[0]

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Predicts rows of data. Raises SchemaError, a line per column, for data that does not fit the signature."""
        signature = self.metadata.signature
        if signature is not None and signature.inputs is not None and not self._checks_itself:
            data = enforce_inputs(data, signature.inputs, lossless=True)
        schema = signature.params if signature is not None else None
        if params and schema is None:
            folder = str(self._loaded.folder)
            warn_once(
                ("params", folder), f"{folder}: its signature has no params; ignored: {', '.join(map(str, params))}"
            )
        given = enforce_params(params, schema, lossless=True)
        return self._loaded.predict(data, given if params is not None else given or None)

    def unwrap(self) -> Any:
        """The native model: of a python model the user's own object."""
        model = self._loaded.model
        return model.python_model if isinstance(model, RunningModel) else model

    def unwrap_python_model(self) -> Any:
        """The user's own python model, with the methods it has beside `predict`.

        Raises TypeError for a package of another kind.
        """
        if not isinstance(self._loaded.model, RunningModel):
            raise TypeError(
                f"{self._loaded.folder} holds no python model: its loader is {self.loader_module}; "
                "unwrap() gives what it loaded"
            )
        return self.unwrap()

    def __repr__(self) -> str:
        return f"<PyFuncModel {self._loaded.flavor.name} {type(self.unwrap()).__name__} {self.metadata.signature!r}>"

    def _repr_html_(self) -> str:
        rows = {
            "flavor": self._loaded.flavor.name,
            "class": type(self.unwrap()).__name__,
            "folder": self._loaded.folder,
            "run": self.metadata.run_id,
        }
        signature = self.metadata.signature
        return _html.table(("", "model"), rows.items()) + (signature._repr_html_() if signature is not None else "")


def load_model(
    model_uri: str | os.PathLike[str],
    *,
    model_config: Config | None = None,
    trust: str | None = None,
    digest: str | None = None,
    trusted_types: Iterable[str] = (),
) -> PyFuncModel:
    """Loads a package, from a path or ``runs:/<run_id>/<name>``, with no mlflow installed.

    ``model_config``: changes to the config stored with the model, a mapping or the path of a YAML file. ``trust``: what
    may be loaded, in place of the setting: ``all``, ``verified``, ``no-pickle``; ``digest``: the SHA-256 that its
    ``checksums.json`` must have; ``trusted_types``: the types that a format which names its types may make.

    Raises PackageError for a package that is broken or not to be trusted so, a flavor that is not installed, a model
    that cannot predict.
    """
    loaded = load(
        model_uri, generic=PyfuncFlavor(model_config), trust=trust, digest=digest, trusted_types=trusted_types
    )
    if not loaded.generic:
        name = loaded.flavor.name
        raise PackageError(f"{loaded.folder} cannot predict; its native object: fitprint.{name}.load_model(...)")
    loaded.check()
    return PyFuncModel(loaded)
