"""Bundles: where a call has written one, and how one is written from a model."""

from __future__ import annotations

import copy
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd

from fitprint.plugin import SaveContext, TrainingCall, UnknownColumns
from fitprint_mleap import loader

INPUTS, OUTPUT = "features", "prediction"
"""The names that a model gets in its bundle, unless the user has given it others by ``mlinit``."""


@dataclass(eq=False)
class Bundle:
    """A bundle that a call has written, as a folder or as a zip file."""

    place: Path
    """The folder or the file."""
    model: Any
    """The model that is in it."""


def of_call(call: TrainingCall) -> Bundle:
    """Return the bundle that a call has written.

    Args:
        call: The call, which has returned.

    Raises:
        ValueError: It is not on a disk of this machine.
    """
    if call.name == "serializeToBundle":
        place = local_path(str(call.argument("path")))
    else:
        place = _place_of(call.instance, Path(call.argument("path")), str(call.argument("model_name")))
    if place is None or not place.exists():
        raise ValueError(f"the bundle was written to {call.argument('path')}, which is not on a disk of this machine")
    return Bundle(place, call.instance)


def local_path(address: str) -> Path | None:
    """Return the path of an address such as ``jar:file:/tmp/model.zip``; None for other file systems, such as HDFS."""
    parts = urlsplit(address.removeprefix("jar:"))
    if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost"):
        return None
    return Path(unquote(parts.path))


def _place_of(model: Any, folder: Path, name: str) -> Path:
    """Return where MLeap writes a model: a pipeline that begins a bundle has a folder without an ending."""
    whole = folder / name
    return whole if (whole / "bundle.json").exists() else folder / f"{name}.node"


@contextmanager
def written(model: Any, context: SaveContext) -> Iterator[Path]:
    """Have the bundle of a model in a folder: the one that a call has written, or a new one.

    Args:
        model: A bundle, a model of scikit-learn, or one of Spark.
        context: The options of the call.
    """
    with tempfile.TemporaryDirectory(prefix="fitprint-mleap-") as made:
        if not isinstance(model, Bundle):
            yield _write(model, Path(made), context)
        elif model.place.is_dir():
            yield model.place
        else:
            with zipfile.ZipFile(model.place) as archive:
                archive.extractall(made)
            yield Path(made)


def _write(model: Any, folder: Path, context: SaveContext) -> Path:
    """Write the bundle of a model into a folder, as a user would.

    Raises:
        ValueError: MLeap cannot write it, or needs rows of the data for it.
    """
    if hasattr(model, "serializeToBundle"):
        sample = context.options.get("sample_input")
        if sample is None:
            raise ValueError("MLeap needs rows of the data to write a model of Spark: give a DataFrame as sample_input")
        model.serializeToBundle(f"file:{folder / 'bundle'}", dataset=model.transform(sample))
        return folder / "bundle"
    if not hasattr(model, "serialize_to_bundle"):
        raise ValueError(
            f"MLeap cannot write {type(model).__name__}, or the module of mleap.sklearn that it needs is not imported"
        )
    named = _named(model)
    if named.op == "pipeline":
        named.serialize_to_bundle(os.fspath(folder), "bundle", init=True)
    else:
        named.serialize_to_bundle(os.fspath(folder), "bundle")
    return _place_of(named, folder, "bundle")


def _named(model: Any) -> Any:
    """Return a model with the names that MLeap needs. The user's own stays without them.

    Raises:
        ValueError: It consists of several models, which only the user can connect.
    """
    if hasattr(model, "name"):
        return model
    named = copy.copy(model)
    try:
        named.mlinit(input_features=INPUTS, prediction_column=OUTPUT)
    except TypeError as error:
        raise ValueError(
            f"call mlinit() of this {type(model).__name__} first, which names its inputs: {error}"
        ) from error
    return named


def model_of(model: Any) -> Any:
    """Return the model of a bundle, or the model itself."""
    return model.model if isinstance(model, Bundle) else model


def is_readable(model: Any) -> bool:
    """Return whether MLeap reads the bundle of a model back in Python."""
    return getattr(model, "op", None) in loader.READABLE


def example(model: Any) -> Any:
    """Return a row that a linear model predicts; `UnknownColumns` for one that was trained on a table."""
    row = np.zeros((1, np.shape(model.coef_)[-1]))
    names = getattr(model, "feature_names_in_", None)
    return row if names is None else UnknownColumns(pd.DataFrame(row, columns=names))
