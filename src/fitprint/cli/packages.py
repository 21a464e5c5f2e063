"""What a package folder says of itself, read as data: nothing is unpickled, no code of it is imported."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitprint._json import plain
from fitprint.models import mlmodel
from fitprint.models.errors import PackageError
from fitprint.models.package import CHECKSUMS
from fitprint.models.param_schema import ParamSpec
from fitprint.models.schema import TensorSpec
from fitprint.models.signature import ModelSignature

REQUIREMENTS = "requirements.txt"
MATCHES, MISMATCH, UNLISTED, MISSING, NOT_READ = "matches", "mismatch", "unlisted", "missing", "not read"
_LARGEST = 10_000_000
_MOST_VALUES, _DEEPEST = 200_000, 50
_BLOCK = 1 << 20


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
    document = _plain(mlmodel.read(folder), folder)
    return PackageFacts(folder, document, _signature(document, folder), _requirements(folder))


def files(folder: Path) -> list[dict[str, Any]]:
    """The files of a package with their sizes."""
    return [{"name": name, "size": size} for name, size, _ in _walk(folder)]


def checked_files(folder: Path) -> list[dict[str, Any]]:
    """The same with what ``checksums.json`` says of each; without that file (in MLflow's packages) None."""
    listed = _checksums(folder)
    found = []
    for name, size, regular in _walk(folder):
        if listed is None or name == CHECKSUMS:
            check = None
        elif not regular:
            check = NOT_READ  # a link may lead anywhere, and a pipe has no end
        elif name not in listed:
            check = UNLISTED
        else:
            check = MATCHES if _sha256(folder / name) == listed[name] else MISMATCH
        found.append({"name": name, "size": size, "check": check})
    there = {each["name"] for each in found}
    gone = sorted(name for name in listed or () if name not in there)
    return found + [{"name": name, "size": None, "check": MISSING} for name in gone]


def _walk(folder: Path) -> Iterator[tuple[str, int, bool]]:
    """(name, size, whether it is a regular file) for all below a folder, in order; links are not followed."""

    def refuse(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=refuse):
        linked = [name for name in folders if os.path.islink(os.path.join(place, name))]
        folders.sort()
        for name in sorted([*names, *linked]):
            path = Path(place, name)
            about = path.lstat()
            yield path.relative_to(folder).as_posix(), about.st_size, stat.S_ISREG(about.st_mode)


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def _checksums(folder: Path) -> dict[str, Any] | None:
    text = _text(folder / CHECKSUMS)
    if text is None:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise PackageError(f"{folder / CHECKSUMS} is broken: no JSON object of names and checksums")
    return found


def _requirements(folder: Path) -> list[str]:
    lines = (_text(folder / REQUIREMENTS) or "").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _text(path: Path) -> str | None:
    """A small text file of a package; None where there is none."""
    if not path.is_file():
        return None
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


def _plain(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """An MLmodel document with JSON's types alone. YAML's anchors can make a small file an endless document."""
    seen = 0

    def copy(value: Any, depth: int) -> Any:
        nonlocal seen
        seen += 1
        if seen > _MOST_VALUES or depth > _DEEPEST:
            raise PackageError(f"{folder / mlmodel.NAME} is no MLmodel file: it holds far too many values")
        if isinstance(value, Mapping):
            return {str(key): copy(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, (list, tuple, set)):
            return [copy(inner, depth + 1) for inner in value]
        return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)

    found: dict[str, Any] = copy(document, 0)
    return found
