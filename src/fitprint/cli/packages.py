"""What a package folder says of itself, read as data: nothing is unpickled, no code of it is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitprint._core.jsonable import plain
from fitprint.models import checksums, mlmodel
from fitprint.models.errors import PackageError
from fitprint.models.package import member
from fitprint.models.param_schema import ParamSpec
from fitprint.models.schema import TensorSpec
from fitprint.models.signature import ModelSignature

REQUIREMENTS = "requirements.txt"
_LARGEST = 10_000_000


@dataclass(frozen=True)
class PackageFacts:
    """A package as its files describe it, all of it plain data."""

    folder: Path
    document: dict[str, Any]
    """The MLmodel file."""
    signature: dict[str, list[dict[str, Any]] | None] | None
    requirements: list[str]


def read_package(folder: Path) -> PackageFacts:
    """Reads the describing files of a package. Raises PackageError for a broken one."""
    document = _plain(mlmodel.read(folder))
    return PackageFacts(folder, document, _signature(document, folder), _requirements(folder))


def files(folder: Path) -> list[dict[str, Any]]:
    """The files of a package with their sizes."""
    return [{"name": name, "size": size} for name, size, _ in checksums.files(folder)]


def _requirements(folder: Path) -> list[str]:
    lines = (_text(folder / REQUIREMENTS) or "").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _text(path: Path) -> str | None:
    """A small text file of a package; None where there is none."""
    if not os.path.lexists(path):
        return None
    member(path.parent, path.name)
    if not path.is_file():
        raise PackageError(f"{path} is no plain file")
    if path.stat().st_size > _LARGEST:
        raise PackageError(f"{path} has {path.stat().st_size:,} bytes: no such file is that large")
    return path.read_text("utf-8", errors="replace")


def _signature(document: Mapping[str, Any], folder: Path) -> dict[str, list[dict[str, Any]] | None] | None:
    """The parts of a signature (``inputs``, ``outputs``, ``params``), a dict per column, tensor or param."""
    found = document.get("signature")
    if not found:
        return None
    try:
        signature = ModelSignature.from_dict(found)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        raise PackageError(f"{folder}: its signature cannot be read: {error}") from None
    parts = (("inputs", signature.inputs), ("outputs", signature.outputs), ("params", signature.params))
    return {part: None if specs is None else [_spec(each) for each in specs] for part, specs in parts}


def _spec(spec: Any) -> dict[str, Any]:
    if isinstance(spec, ParamSpec):
        listed = "" if spec.shape is None else "list of "
        return {"name": spec.name, "type": f"{listed}{spec.dtype}", "default": plain(spec.default)}
    if isinstance(spec, TensorSpec):
        shape = ", ".join(map(str, spec.shape))
        return {"name": plain(spec.name), "type": f"tensor {spec.type.name} ({shape})", "required": True}
    return {"name": plain(spec.name), "type": str(spec.type), "required": spec.required}


def _plain(value: Any) -> Any:
    """A value of an MLmodel document with JSON's types alone."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
