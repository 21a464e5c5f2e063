"""Reading the files of a package as data: nothing is unpickled, and no code of the package is imported."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from fitprint._core.jsonable import jsonable
from fitprint._instrumentation.entries import discover
from fitprint._packages.load import signature_of
from fitprint.models import checksums, mlmodel
from fitprint.models.errors import PackageError
from fitprint.models.named_files import code_folders, is_named, named_paths, unpickled_files
from fitprint.models.package_paths import member
from fitprint.models.param_schema import ParamSpec
from fitprint.models.schema import TensorSpec
from fitprint.models.streams.files import imports_of
from fitprint.models.streams.origins import BY_VALUE, DANGEROUS, FRAMEWORK, STANDARD, USER, origin

REQUIREMENTS = "requirements.txt"
_LARGEST = 10_000_000


@dataclass(frozen=True)
class PackageFacts:
    """A package as its files describe it, all of it plain data."""

    folder: Path
    document: dict[str, Any]
    """The content of the MLmodel file."""
    signature: dict[str, list[dict[str, Any]] | None] | None
    requirements: list[str]


def read_package(folder: Path) -> PackageFacts:
    """Read the describing files of a package.

    Raises:
        PackageError: The package is broken.
    """
    document = _plain(mlmodel.read(folder))
    return PackageFacts(folder, document, _signature(document, folder), _requirements(folder))


def files(folder: Path) -> list[dict[str, Any]]:
    """Return the files of a package with their sizes."""
    return [{"name": name, "size": size} for name, size, _ in checksums.files(folder)]


def _requirements(folder: Path) -> list[str]:
    lines = (_text(folder / REQUIREMENTS) or "").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _text(path: Path) -> str | None:
    """Return the content of a small text file of a package, or None if there is none."""
    if not os.path.lexists(path):
        return None
    member(path.parent, path.name)
    if not path.is_file():
        raise PackageError(f"{path} is not a regular file")
    if path.stat().st_size > _LARGEST:
        raise PackageError(f"{path} has {path.stat().st_size:,} bytes, more than such a file may have")
    return path.read_text("utf-8", errors="replace")


def _signature(document: Mapping[str, Any], folder: Path) -> dict[str, list[dict[str, Any]] | None] | None:
    """Return ``inputs``, ``outputs`` and ``params`` of a signature, a dict per column, tensor or param."""
    signature = signature_of(document, folder)
    if signature is None:
        return None
    parts = (("inputs", signature.inputs), ("outputs", signature.outputs), ("params", signature.params))
    return {part: None if specs is None else [_spec(spec) for spec in specs] for part, specs in parts}


def _spec(spec: Any) -> dict[str, Any]:
    if isinstance(spec, ParamSpec):
        listed = "" if spec.shape is None else "list of "
        return {"name": spec.name, "type": f"{listed}{spec.dtype}", "default": jsonable(spec.default)}
    if isinstance(spec, TensorSpec):
        shape = ", ".join(map(str, spec.shape))
        return {"name": jsonable(spec.name), "type": f"tensor {spec.type.name} ({shape})", "required": True}
    return {"name": jsonable(spec.name), "type": str(spec.type), "required": spec.required}


def _plain(value: Any) -> Any:
    """Convert a value of an MLmodel document to the types that JSON has."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


_ORDER = (DANGEROUS, BY_VALUE, USER, FRAMEWORK, STANDARD)
_OUTSIDE = "a loader would unpickle it, but it is outside of the package, and was not read"
_DISTRIBUTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,100}[A-Za-z0-9])?")


def imports(facts: PackageFacts) -> list[dict[str, Any]]:
    """Return, for each file that holds a pickle or a list of types, the names in it, the most telling first."""
    files = [
        name for name, _, is_plain in checksums.files(facts.folder) if is_plain or (facts.folder / name).is_symlink()
    ]
    pickles, models = unpickled_files(facts.document), named_paths(facts.document["flavors"])
    outside = [name for name in pickles if _leads_outside(facts.folder, name) and name not in files]
    read = imports_of(facts.folder, files, _and_targets(facts.folder, pickles), _and_targets(facts.folder, models))
    frameworks, own = _frameworks(facts.requirements), _own_modules(files, code_folders(facts.document))
    rows: list[dict[str, Any]] = [{"file": name, "imports": [], "problem": _OUTSIDE} for name in sorted(outside)]
    for file in read:
        kinds = {str(named): origin(named, frameworks, own) for named in file.names.named}
        ordered = sorted(kinds.items(), key=lambda pair: (_ORDER.index(pair[1]), pair[0]))
        names = [{"name": name, "kind": kind} for name, kind in ordered]
        rows.append({"file": file.file, "imports": names, "problem": file.names.problem or None})
    return rows


def _leads_outside(folder: Path, name: str) -> bool:
    try:
        member(folder, name)
    except PackageError:
        return os.path.lexists(folder / name)
    return False


def _and_targets(folder: Path, names: set[str]) -> set[str]:
    """Return names of files together with the names of the files that they are after all links."""
    root = os.path.realpath(folder)
    paths = {os.path.realpath(os.path.join(root, name)) for name in names if "\0" not in name}
    return names | {os.path.relpath(path, root).replace(os.sep, "/") for path in paths}


def _own_modules(files: list[str], folders: set[str]) -> set[str]:
    """Return the top-level modules in the package's own code."""
    modules = set()
    for name in files:
        for folder in folders:
            if is_named(name, {folder}):
                inside = name if folder == "." else name[len(folder) + 1 :]
                modules.add(inside.partition("/")[0].partition(".")[0])
    return modules


def _frameworks(requirements: list[str]) -> set[str]:
    """Return the top-level modules of registered flavors and of what the package requires; none is imported."""
    modules = {module for entry in discover().values() for module in entry.modules}
    for line in requirements:
        name = _DISTRIBUTION.match(line)
        if name is not None:
            modules |= {re.sub(r"[-.]", "_", name[0]), *_modules_of(name[0])}
    return modules


def _modules_of(distribution: str) -> set[str]:
    """Return the names of an installed distribution's modules, as its metadata has them."""
    try:
        return {*(metadata.distribution(distribution).read_text("top_level.txt") or "").split()}
    except (metadata.PackageNotFoundError, OSError, ValueError):
        return set()
