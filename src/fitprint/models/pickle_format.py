"""Models in the formats that hold any Python object and that several flavors share: pickle, cloudpickle and skops."""

from __future__ import annotations

import importlib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fitprint.models import distributions
from fitprint.models.errors import PackageError
from fitprint.models.package import Package
from fitprint.models.pickling import UNPICKLING_ERRORS, dump_model, load_pickle, unreadable
from fitprint.models.saved_model import SavedModel

FORMATS = ("pickle", "cloudpickle", "skops")
OPTIONS = ("serialization_format", "skops_trusted_types")
"""The options of `log_model` that `save` uses."""
FILE = "model.pkl"


def save(
    model: Any, package: Package, options: Mapping[str, Any], known: Iterable[str] = ()
) -> tuple[str, dict[str, Any]]:
    """Write a model in the format that the options name, by default as a pickle.

    Args:
        model: The model.
        package: The package.
        options: The options of the call, of which those in `OPTIONS` are read.
        known: Types that skops may load without the reader trusting them.

    Returns:
        The name of the file, and the keys of the MLmodel file.

    Raises:
        ValueError: There is no such format. Whatever pickling raises is raised too.
    """
    form = options.get("serialization_format")
    if form not in (None, *FORMATS):
        raise ValueError(f"serialization_format must be one of {', '.join(FORMATS)}, not {form!r}")
    if form == "skops":
        trusted = sorted({*known, *(options.get("skops_trusted_types") or ())})
        return SKOPS_FILE, _save_skops(model, package, trusted)
    return FILE, {"serialization_format": dump_model(model, package, FILE, form)}


def save_for(model: Any, package: Package, flavor: str, distribution: str) -> SavedModel:
    """Pickle a model for the loaders of another flavor, whose packages are pickles.

    Args:
        model: The model.
        package: The package.
        flavor: The other flavor.
        distribution: The distribution whose version is noted.

    Returns:
        What that flavor's loaders need to know; `Flavor.package_flavor` has to name that flavor too.
    """
    form = dump_model(model, package, FILE)
    version = distributions.installed_version(distribution)
    return SavedModel(
        keys={"pickled_model": FILE, "serialization_format": form, f"{flavor}_version": version},
        pyfunc={"model_path": FILE, "predict_fn": "predict"},
        loader_module=f"mlflow.{flavor}",
    )


def load(path: Path, config: Mapping[str, Any], default: str = "pickle") -> Any:
    """Read a model.

    Args:
        path: The file.
        config: The keys of the MLmodel file.
        default: The format if the MLmodel file names none.

    Returns:
        The model.

    Raises:
        PackageError: The format is not known, the file is broken, or it holds types that are not trusted.
    """
    form = config.get("serialization_format", default)
    if form == "skops":
        return _load_skops(path, config.get("skops_trusted_types") or ())
    if form not in FORMATS:
        raise PackageError(f"{path.parent}: the serialization format {form!r} is not one of {', '.join(FORMATS)}")
    try:
        with open(path, "rb") as file:
            return load_pickle(file)
    except UNPICKLING_ERRORS as error:
        raise unreadable(path, error) from error


def needs_trust(config: Mapping[str, Any]) -> str | None:
    """Return why loading a model may run code: pickles may, skops loads only types that the caller trusts.

    Args:
        config: The keys of the MLmodel file.

    Returns:
        The reason, or None.
    """
    return None if config.get("serialization_format") == "skops" else "its model is a pickle"


SKOPS_FILE = "model.skops"


def _save_skops(model: Any, package: Package, trusted: list[str]) -> dict[str, Any]:
    """Write a model as skops; return the keys that MLflow's flavors have for this format.

    Raises:
        ValueError: The model has types that neither skops knows nor ``known`` or ``skops_trusted_types`` names.
    """
    content = _skops_io().dumps(model)
    unknown = sorted(set(_skops_io().get_untrusted_types(data=content)) - set(trusted))
    if unknown:
        raise ValueError(
            f"skops does not know {', '.join(unknown)}: pass skops_trusted_types={unknown!r} to trust them"
        )
    with package.open(SKOPS_FILE) as file:
        file.write(content)
        file.modules.add("skops")
    return {"serialization_format": "skops", "skops_trusted_types": trusted}


def _load_skops(path: Path, trusted: Iterable[str]) -> Any:
    """Read a model, or raise PackageError if the file is broken or has types that are not trusted."""
    io = _skops_io()
    trusted = list(trusted)
    try:
        unknown = sorted(set(io.get_untrusted_types(file=path)) - set(trusted))
        if unknown:
            raise PackageError(
                f"{path} holds types that are not trusted: {', '.join(unknown)}; pass trusted_types= to trust them"
            )
        return io.load(path, trusted=trusted)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError, ImportError, EOFError) as error:
        raise unreadable(path, error) from error


def _skops_io() -> Any:
    try:
        return importlib.import_module("skops.io")
    except ImportError:
        raise PackageError("the format skops needs the package skops: pip install skops") from None
