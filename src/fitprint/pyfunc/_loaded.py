"""Any package as something that predicts: `load_model` and `PyFuncModel`."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from fitprint._core import html as _html
from fitprint._core.guard import attempt, guarded, warn_once
from fitprint._core.publish import publish
from fitprint._core.variable_names import calling_frame, variable_name
from fitprint._packages.load import Loaded, load, signature_and_exact_inputs, signature_of
from fitprint._runs.index import run_of
from fitprint._runs.predictions import Origin, remember
from fitprint._runs.run import Run
from fitprint.models.enforcement import check_row_count, enforce_inputs, enforce_params, unexpectedly_missing
from fitprint.models.errors import PackageError
from fitprint.models.example import read_example
from fitprint.models.foreign_tables import as_pandas
from fitprint.models.schema import Schema
from fitprint.models.signature import ModelSignature
from fitprint.plugin.contract import Flavor
from fitprint.pyfunc._context import Config
from fitprint.pyfunc._flavor import PyfuncFlavor
from fitprint.pyfunc._python_model import RunningModel, call_with_params

_REST = 50
"""How many times as long as looking for missing values took nobody looks again."""


class ModelMetadata:
    """What the MLmodel file of a package says."""

    def __init__(self, document: Mapping[str, Any], signature: ModelSignature | None) -> None:
        self.signature = signature
        self.flavors: dict[str, Any] = dict(document["flavors"])
        self.run_id: str | None = document.get("run_id")
        self.artifact_path: str | None = document.get("artifact_path")
        self.model_uuid: str | None = document.get("model_uuid")
        self.utc_time_created: str | None = document.get("utc_time_created")
        self.mlflow_version: str | None = document.get("mlflow_version")
        self.metadata: dict[str, Any] | None = document.get("metadata")
        self.model_id: str | None = document.get("model_id")
        self.model_size_bytes: int | None = document.get("model_size_bytes")
        self.saved_input_example_info: dict[str, Any] | None = document.get("saved_input_example_info")
        self.env_vars: list[str] | None = document.get("env_vars")
        self._document = dict(document)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the MLmodel file.

        Returns:
            All keys of the file.
        """
        return copy.deepcopy(self._document)

    def get_input_schema(self) -> Any:
        """Return the schema of the inputs.

        Returns:
            The schema, or None if the package has none.
        """
        return self.signature.inputs if self.signature is not None else None

    def get_output_schema(self) -> Any:
        """Return the schema of the outputs.

        Returns:
            The schema, or None if the package has none.
        """
        return self.signature.outputs if self.signature is not None else None

    def get_params_schema(self) -> Any:
        """Return the schema of the params.

        Returns:
            The schema, or None if the package has none.
        """
        return self.signature.params if self.signature is not None else None


class PyFuncModel:
    """A loaded package. `predict` checks data against the package's signature and returns what its flavor predicts.

    Args:
        loaded: The package and its model, from `fitprint.pyfunc.load_model`.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self.metadata = ModelMetadata(loaded.document, signature_of(loaded.document, loaded.folder))
        self._exact = signature_and_exact_inputs(loaded.document, loaded.folder)[1]
        self._looks_again = 0.0
        """When to look again whether values are missing."""
        self._checks_itself = bool(loaded.document.get("is_signature_from_type_hint"))

    @property
    def loader_module(self) -> str | None:
        """The module that the package names as its loader."""
        return self._loaded.generic.get("loader_module")

    @property
    def model_config(self) -> dict[str, Any]:
        """The config of the model, with the changes of the caller of `load_model`; empty if it has none."""
        model = self._loaded.model
        config = model.context.model_config if isinstance(model, RunningModel) else self._loaded.generic.get("config")
        return dict(config or {})

    @property
    def exact_dtypes(self) -> Mapping[Any, Mapping[str, Any]] | None:
        """The exact dtypes of columns where MLflow's schema does not tell them; None if it tells them all."""
        return self._exact.dtypes if self._exact is not None else None

    @property
    def input_example(self) -> Any:
        """The data of the package's input example, with the types of the signature; None if there is no example.

        Raises:
            PackageError: The example cannot be read.
        """
        info = self._loaded.document.get("saved_input_example_info")
        if not isinstance(info, dict):
            return None
        if self._exact is None:
            return read_example(self._loaded.folder, info, self.metadata.get_input_schema())[0]
        example, _ = read_example(self._loaded.folder, info, self._exact.without_exact_types())
        fits, exact = attempt(self._exact.enforce, example)
        return exact if fits else example

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Predict rows of data.

        Args:
            data: The rows, in any form that fits the signature.
            params: Values of the signature's params; the others keep their defaults.

        Returns:
            What the model predicts.

        Raises:
            SchemaError: The data does not fit the signature; its text has a line for each column. Or the model of a
                framework returns another number of predictions than there are rows.
        """
        passed_data = data
        data, checked_params = self._checked(data, params)
        predictions = self._loaded.predict(data, checked_params)
        if not isinstance(self._loaded.flavor, PyfuncFlavor):  # what users write themselves may return anything
            check_row_count(predictions, data)
        run = run_of(self._loaded.model)
        if run is not None:
            with guarded("remembering a prediction", self._loaded.flavor.name):
                origin = Origin(run, {}, self._loaded.flavor, passed_data, variable_name(passed_data, calling_frame()))
                remember(predictions, origin, (data,))
        return predictions

    def predict_stream(self, data: Any, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Predict one row, piece by piece, with the method ``predict_stream`` of a python model.

        Args:
            data: The row, in any form that fits the signature.
            params: Values of the signature's params; the others keep their defaults.

        Returns:
            An iterator over what the model yields.

        Raises:
            TypeError: The model has no such method.
            SchemaError: The data does not fit the signature.
        """
        model = self._loaded.model
        if not callable(getattr(self.unwrap(), "predict_stream", None)):
            raise TypeError(
                f"{self._loaded.folder}: {type(self.unwrap()).__name__} has no method predict_stream; use predict()"
            )
        data, checked_params = self._checked(data, params)
        if isinstance(model, RunningModel):
            return self._loaded.stream(lambda: model.predict_stream(data, checked_params))
        return self._loaded.stream(lambda: iter(call_with_params(model.predict_stream, (data,), checked_params)))

    def _checked(self, data: Any, params: Mapping[str, Any] | None) -> tuple[Any, dict[str, Any] | None]:
        """Return inputs and params as the signature has them; None where there are no params.

        Raises:
            SchemaError: They do not fit the signature.
        """
        signature = self.metadata.signature
        data = self._enforced(data)
        schema = signature.params if signature is not None else None
        if params and schema is None:
            folder = str(self._loaded.folder)
            warn_once(
                ("params", folder),
                f"{folder}: its signature has no params, so these are ignored: {', '.join(map(str, params))}",
            )
        checked_params = enforce_params(params, schema, lossless=True)
        return data, checked_params if params is not None else checked_params or None

    def get_raw_model(self) -> Any:
        """Return the native model, under MLflow's name for `unwrap`.

        Returns:
            The framework's own object; for a python model, the user's own object.
        """
        return self.unwrap()

    def read_rows(self, file: str | os.PathLike[str] | IO[str]) -> Any:
        """Read rows for `predict` from a file, with the types of the signature.

        Args:
            file: The path of a CSV file with a header, or of a JSON file, which has the ending ``.json``; or an open
                CSV file.

        Returns:
            A DataFrame; of a JSON file, also a list or a dict.

        Raises:
            ValueError: The file is neither CSV nor JSON.
        """
        from fitprint.models.csv_data import read_rows

        return read_rows(file, self.metadata.get_input_schema(), self.exact_dtypes)

    def read_chunks(self, file: str | os.PathLike[str], rows: int = 10_000) -> Iterator[Any]:
        """Read rows for `predict` from a file that need not fit into memory, with the types of the signature.

        Args:
            file: The path of a CSV file with a header, or of a Parquet file, which has the ending ``.parquet``.
            rows: The rows that are read at a time.

        Returns:
            An iterator over DataFrames, whose index has the numbers of the rows in the file.

        Raises:
            ValueError: The file is neither CSV nor Parquet.
        """
        from fitprint.models.table_files import chunks

        return (frame for frame, _ in chunks(file, rows, self.metadata.get_input_schema(), self.exact_dtypes))

    def _enforced(self, data: Any) -> Any:
        """Return data as the signature describes it."""
        schema = self.metadata.get_input_schema()
        model, is_own = self._loaded.model, "fitprint_version" in self._loaded.document
        if self._checks_itself and is_own and isinstance(model, RunningModel):
            return model.fitting(data)
        if schema is None or self._checks_itself:
            return data
        if self._exact is not None:
            data = self._exact.enforce(data)
        else:
            data = enforce_inputs(as_pandas(data), schema, lossless=True)
        self._tell_missing(data, schema)
        return data

    def _tell_missing(self, data: Any, schema: Schema) -> None:
        """Tell of values that are missing although the signature says that they are always there.

        Looking for them takes longer than enforcing a single row, so it is done for a fiftieth of the time at most.
        """
        began = time.perf_counter()
        if began < self._looks_again:
            return
        missing = unexpectedly_missing(data, schema)
        self._looks_again = time.perf_counter() + _REST * (time.perf_counter() - began)
        if missing:
            folder = str(self._loaded.folder)
            warn_once(
                ("missing values", f"{folder} {missing}"),
                f"{folder}: values are missing in columns that have none missing according to the signature: "
                f"{', '.join(map(str, missing))}",
            )

    def unwrap(self) -> Any:
        """Return the native model.

        Returns:
            The framework's own object; for a python model, the user's own object.
        """
        model = self._loaded.model
        return model.python_model if isinstance(model, RunningModel) else model

    def unwrap_python_model(self) -> Any:
        """Return the user's own python model, which may have methods beside `predict`.

        Returns:
            The python model.

        Raises:
            TypeError: The package is of another kind.
        """
        if not isinstance(self._loaded.model, RunningModel):
            raise TypeError(
                f"{self._loaded.folder} holds no python model: its loader is {self.loader_module}; "
                "unwrap() returns what that loaded"
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
    model_uri: str | os.PathLike[str] | Run,
    suppress_warnings: bool = False,
    dst_path: str | os.PathLike[str] | None = None,
    model_config: Config | None = None,
    *,
    trust: str | None = None,
    digest: str | None = None,
    trusted_types: Iterable[str] = (),
) -> PyFuncModel:
    """Load a package so that it predicts; mlflow need not be installed.

    Args:
        model_uri: The path of a package, a ``file:`` URL, or ``runs:/<run_id>/<name>``; or a run or the folder of one,
            whose model is meant.
        suppress_warnings: Do not log how this environment differs from that of the package, if the load works.
        dst_path: A folder to copy the package into; the copy is loaded.
        model_config: Changes to the config that is stored with the model: a mapping, or the path of a YAML file.
        trust: What may be loaded, in place of the setting: ``all``, ``verified`` or ``no-pickle``.
        digest: The SHA-256 that the package's ``checksums.json`` must have.
        trusted_types: The types that may be created, for formats that name their types.

    Returns:
        The model.

    Raises:
        PackageError: The package is broken or not to be trusted, its flavor is not installed, or the model cannot
            predict.
        NotADirectoryError: There is no folder `dst_path`.
    """
    return PyFuncModel(
        load_predicting(
            model_uri,
            PyfuncFlavor(model_config),
            trust=trust,
            digest=digest,
            trusted_types=trusted_types,
            dst_path=dst_path,
            suppress_warnings=suppress_warnings,
        )
    )


def load_predicting(model_uri: str | os.PathLike[str] | Run, generic: Flavor | None = None, **options: Any) -> Loaded:
    """Load a package that can predict, without what `PyFuncModel` adds.

    Args:
        model_uri: See `load_model`.
        generic: The flavor for models that users write themselves.
        options: Those of `load`.

    Returns:
        The package and its model.

    Raises:
        PackageError: The package is broken or not to be trusted, its flavor is not installed, or the model cannot
            predict.
        NotADirectoryError: There is no folder ``dst_path``.
    """
    loaded = load(model_uri, generic=generic or PyfuncFlavor(), **options)
    if not loaded.generic:
        name = loaded.flavor.name
        raise PackageError(f"{loaded.folder} cannot predict; its native object: fitprint.{name}.load_model(...)")
    loaded.check()
    return loaded


publish("fitprint.pyfunc", PyFuncModel, load_model)
