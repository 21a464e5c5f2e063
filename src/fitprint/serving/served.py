"""A package as it is served: its model, its signature, its methods, and an example of its input."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from fitprint._packages.load import Loaded, signature_and_exact_inputs, signature_of
from fitprint._runs.run import Run
from fitprint.models.enforcement import check_row_count
from fitprint.models.schema import ParamSchema, Schema
from fitprint.models.signature import ModelSignature
from fitprint.pyfunc._flavor import PyfuncFlavor
from fitprint.pyfunc._loaded import load_predicting
from fitprint.pyfunc._python_model import RunningModel
from fitprint.serving.example import Example, example_of

PREDICT = "predict"
METHODS = ("predict_proba", "predict_log_proba", "decision_function", "score_samples", "transform")
"""The methods of native models that are served beside `predict`, where a model has them."""


class ServedModel:
    """A loaded package. What `predict` is given must fit the signature: requests are checked where they are decoded.

    Args:
        loaded: The package and its native model.

    Attributes:
        folder: The folder of the package.
        document: The content of its MLmodel file.
        name: The name of the model in routes: letters, digits, ``_``, ``-`` and ``.``.
        signature: The signature that data is checked against, or None.
        exact: What fitprint knows of the inputs beyond a signature of MLflow, or None.
        methods: The names of the methods that can be served; the first one is ``predict``.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self.folder = loaded.folder
        self.document: Mapping[str, Any] = loaded.document
        self.name = _name_of(loaded)
        self.signature: ModelSignature | None = signature_of(loaded.document, loaded.folder)
        self.exact = signature_and_exact_inputs(loaded.document, loaded.folder)[1]
        self.methods = _methods_of(loaded)
        self.cache: dict[str, Any] = {}
        """What decoding works out once per model."""
        self._example: Example | None = None

    @classmethod
    def load(
        cls, package: str | os.PathLike[str] | Run, *, trust: str | None = None, digest: str | None = None
    ) -> ServedModel:
        """Load a package to serve it.

        Args:
            package: What `fitprint.load_model` takes: a path, a URI or a run.
            trust: What may be loaded, in place of the setting: ``all``, ``verified`` or ``no-pickle``.
            digest: The SHA-256 that the package's ``checksums.json`` must have.

        Returns:
            The model.

        Raises:
            PackageError: The package is broken or not to be trusted, or cannot predict.
        """
        return cls(load_predicting(package, trust=trust, digest=digest))

    @property
    def flavor(self) -> str:
        """The name of the flavor that predicts."""
        return self._loaded.flavor.name

    @property
    def class_name(self) -> str:
        """The name of the class of the native model, for lines that describe it."""
        model = self._loaded.model
        return type(model.python_model if isinstance(model, RunningModel) else model).__name__

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of a classifier, as texts, in the order of its probabilities; empty where there are none."""
        model = self._loaded.model
        labels = None if isinstance(model, RunningModel) else getattr(model, "classes_", None)
        return tuple(map(str, labels)) if labels is not None and getattr(labels, "ndim", None) == 1 else ()

    @property
    def checks_itself(self) -> bool:
        """Whether the type hints of a python model say what it takes, so that data is passed as it was sent."""
        return bool(self.document.get("is_signature_from_type_hint"))

    @property
    def inputs(self) -> Schema | None:
        """The schema that requests must fit; None where data is passed as it was sent."""
        return None if self.signature is None or self.checks_itself else self.signature.inputs

    @property
    def outputs(self) -> Schema | None:
        """The schema of the predictions of ``predict``, or None."""
        return None if self.signature is None else self.signature.outputs

    @property
    def params(self) -> ParamSchema | None:
        """The schema of the params, or None if the model takes none."""
        return None if self.signature is None else self.signature.params

    @property
    def example(self) -> Example | None:
        """The package's input example, else a row made from the signature; None if there is neither."""
        if self._example is None:
            self._example = example_of(self.folder, self.document, self.signature, self.exact)
        return self._example

    def predict(self, data: Any, params: Mapping[str, Any] | None = None, method: str | None = None) -> Any:
        """Return what a method of the model gives for data that fits the signature.

        Args:
            data: The data of a decoded request.
            params: The params of a decoded request; methods other than ``predict`` take none.
            method: One of `methods`; by default ``predict``.

        Raises:
            SchemaError: The data does not fit the type hints of a python model, or the model of a framework returns
                another number of predictions than there are rows.
            ValueError: The model has no such method.
        """
        loaded = self._loaded
        if method in (None, PREDICT):
            if self.checks_itself and "fitprint_version" in self.document and isinstance(loaded.model, RunningModel):
                data = loaded.model.fitting(data)
            predictions = loaded.predict(data, params)
        elif method in self.methods:
            predictions = loaded.call(str(method), data)
        else:
            raise ValueError(f"{self.name} has no method {method!r}; it has {', '.join(self.methods)}")
        if not isinstance(loaded.flavor, PyfuncFlavor):  # what users write themselves may return anything
            check_row_count(predictions, data)
        return predictions

    def __repr__(self) -> str:
        return f"<ServedModel {self.name} {self.flavor} {self.class_name} {self.signature!r}>"


def _methods_of(loaded: Loaded) -> tuple[str, ...]:
    """Return the methods that can be served. Only what can be trained as an estimator has more than `predict`."""
    model = loaded.model
    if isinstance(model, RunningModel) or not callable(getattr(model, "fit", None)):
        return (PREDICT,)
    return (PREDICT, *(name for name in METHODS if callable(getattr(model, name, None))))


def _name_of(loaded: Loaded) -> str:
    document = loaded.document
    name = document.get("name") or document.get("artifact_path") or loaded.folder.absolute().name
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", str(name).rstrip("/").rpartition("/")[2]).strip("-.")
    return plain or "model"
