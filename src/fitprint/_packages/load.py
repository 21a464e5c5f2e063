"""Loading a package: its folder, its MLmodel file, its flavor, its code, and its model."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitprint._packages.code_path import PackageCode, add_code, running
from fitprint._packages.compatibility import environment_told, refuse_another_python
from fitprint._packages.loader_copy import is_copy
from fitprint._packages.resolve import GENERIC, choose, package_folder
from fitprint._packages.run_of_package import remember_package
from fitprint._runs.run import Run
from fitprint._settings.layers import current
from fitprint.models import exact_inputs, mlmodel
from fitprint.models.errors import PackageError
from fitprint.models.exact_inputs import ExactInputs
from fitprint.models.package_paths import refuse_special_files
from fitprint.models.signature import ModelSignature
from fitprint.models.trust import ALL, allows_code, check
from fitprint.plugin.contract import Flavor

EXTERNAL = "mlflow.model.isExternal"
TRUSTED_TYPES = "skops_trusted_types"
"""The key under which a flavor finds the types that may be created: the caller's, and a trusted package's."""


_END = object()


@dataclass(frozen=True)
class Loaded:
    """A package's native model and what its MLmodel file says."""

    folder: Path
    document: Mapping[str, Any]
    flavor: Flavor
    model: Any
    code: PackageCode | None
    """The package's own code, if it has some and may run it."""

    @property
    def generic(self) -> Mapping[str, Any]:
        """What the MLmodel file says for the generic flavor; empty if the model cannot predict."""
        entry = self.document["flavors"].get(GENERIC)
        return entry if isinstance(entry, dict) else {}

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Return what the flavor predicts, or what the method returns that MLmodel names in place of ``predict``."""
        method = self.generic.get("predict_fn") or "predict"
        with running(self.code):
            if method == "predict":
                return self.flavor.predict(self.model, data, params)
            return getattr(self.model, method)(data)

    def call(self, method: str, data: Any) -> Any:
        """Return what a method of the native model returns for data, such as ``predict_proba``."""
        with running(self.code):
            return getattr(self.model, method)(data)

    def stream(self, begin: Callable[[], Iterator[Any]]) -> Iterator[Any]:
        """Begin an iterator now, and yield its pieces. The package's own code runs only while a piece is made."""
        with running(self.code):
            pieces = begin()

        def made() -> Iterator[Any]:
            while True:
                with running(self.code):
                    piece = next(pieces, _END)
                if piece is _END:
                    return
                yield piece

        return made()

    def check(self) -> None:
        """Check that the model has the method that MLmodel names in place of ``predict``.

        Raises:
            PackageError: It has no such method.
        """
        method = self.generic.get("predict_fn") or "predict"
        if method == "predict":
            return
        if not isinstance(method, str) or method.startswith("_") or not callable(getattr(self.model, method, None)):
            kind = type(self.model).__name__
            raise PackageError(f"{self.folder}: {kind} has no method {method!r}, which its MLmodel names as predict_fn")


def load(
    uri: str | os.PathLike[str] | Run,
    flavor_name: str | None = None,
    *,
    generic: Flavor | None = None,
    trust: str | None = None,
    digest: str | None = None,
    trusted_types: Iterable[str] = (),
    dst_path: str | os.PathLike[str] | None = None,
    suppress_warnings: bool = False,
) -> Loaded:
    """Load the native model of a package.

    Args:
        uri: A path, a ``file:`` URL, ``runs:/<run_id>/<name>``, or a run; see `package_folder`.
        flavor_name: The flavor that the package must have; by default the one that its loader belongs to.
        generic: See `choose`.
        trust: See `trust.check`; by default the setting of the flavor.
        digest: See `trust.check`.
        trusted_types: The types that may be created, for formats that name their types.
        dst_path: A folder to copy the package into; the copy is loaded.
        suppress_warnings: Whether to log nothing of how this environment differs, if the load works.

    Returns:
        The model, with what the package says of it.

    Raises:
        PackageError: The package is broken or not to be trusted, or its flavor is not installed.
        NotADirectoryError: There is no folder to copy it into.
    """
    folder = package_folder(uri)
    if dst_path is not None:
        folder = _copied(folder, Path(dst_path))
    document = mlmodel.read(folder)
    refuse_special_files(folder)
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and metadata.get(EXTERNAL) is True:
        raise PackageError(f"{folder}: its files are stored elsewhere, according to its metadata ({EXTERNAL})")
    flavor, config = choose(folder, document["flavors"], flavor_name, generic, document.get(mlmodel.WRITER))
    level = trust if trust is not None else current().settings(flavor.name).trust
    copied = _copied_loader(document, flavor)
    check(folder, document, level, digest=digest, reason=flavor.needs_trust(config), unused_loader=copied)
    refuse_another_python(folder, document, config)
    code = add_code(folder, config) if allows_code(level) else None
    types = {*trusted_types, *(config.get(TRUSTED_TYPES) or () if level == ALL else ())}
    with running(code), environment_told(folder, document, suppress_warnings):
        model = flavor.load(folder, {**config, TRUSTED_TYPES: sorted(types)})
    remember_package(model, folder, document.get("run_id"))
    return Loaded(folder, document, flavor, model, code)


def _copied_loader(document: Mapping[str, Any], flavor: Flavor) -> str | None:
    """Return the copy of a loader of the flavor that a package names for other readers; None if it names none."""
    generic = document["flavors"].get(GENERIC)
    loader = str(generic.get("loader_module")) if isinstance(generic, dict) else ""
    return loader if is_copy(loader, flavor) else None


def _copied(folder: Path, to: Path) -> Path:
    mlmodel.read(folder)  # nothing else is copied than a package
    if not to.is_dir():
        raise NotADirectoryError(f"dst_path must be a folder that exists, to copy the package into: {to}")
    return Path(shutil.copytree(folder, to / folder.absolute().name, symlinks=True, dirs_exist_ok=True))


def load_native(uri: str | os.PathLike[str] | Run, name: str, **options: Any) -> Any:
    """Return the native model of a package that has this flavor; the options are those of `load`."""
    return load(uri, name, **options).model


def signature_of(document: Mapping[str, Any], folder: Path | str) -> ModelSignature | None:
    """Return the signature in an MLmodel document, or None.

    Its inputs are those that fitprint enforces: where MLflow's own schema is less exact, those of fitprint's entry.

    Raises:
        PackageError: It cannot be read.
    """
    signature, exact = signature_and_exact_inputs(document, folder)
    if exact is None:
        return signature
    if signature is None:
        return ModelSignature(inputs=exact.schema)
    return ModelSignature(exact.schema, signature.outputs, signature.params)


def signature_and_exact_inputs(
    document: Mapping[str, Any], folder: Path | str
) -> tuple[ModelSignature | None, ExactInputs | None]:
    """Return the signature that MLflow reads, and fitprint's own entry about the inputs; None for what is missing.

    Raises:
        PackageError: One of them cannot be read.
    """
    entry, own = document.get("signature"), document.get(exact_inputs.KEY)
    try:
        signature = ModelSignature.from_dict(entry) if entry else None
        declared = signature.inputs if signature is not None else None
        return signature, exact_inputs.read_exact_inputs(own, declared) if own else None
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        raise PackageError(f"{folder}: its signature cannot be read: {error}") from None
