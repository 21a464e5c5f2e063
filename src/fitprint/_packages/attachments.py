"""What lies beside a model: code, extra files, and the environment that it needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fitprint._packages.options import Files, Steps, Subject
from fitprint._packages.user_environment import chosen
from fitprint.models import environment
from fitprint.models.package import Package

EXTRA_FILES = "extra_files"
CONSTRAINTS = "constraints.txt"


def copy_code(package: Package, code_paths: Files, steps: Steps) -> str | None:
    """Copies the modules given, and the user's own that the model names, into ``code/``. Returns its name, or None.

    Raises FileNotFoundError for a path given that is not there.
    """
    given = [each for path in code_paths for each in _files(path)]
    for file, name in given:
        package.copy(file, f"{environment.CODE}/{name}")
    there = {name.partition("/")[0].removesuffix(".py") for _, name in given}
    left_out: list[tuple[str, str]] = []
    with steps.step("code"):
        package.modules |= environment.imported_by(given)
        left_out = environment.copy_local_code(package, package.modules, there)
    for module, reason in left_out:
        steps.skip(f"code of {module}", "code", reason)
    return environment.CODE if Path(package.folder, environment.CODE).is_dir() else None


def copy_extra_files(package: Package, extra_files: Files) -> list[dict[str, str]]:
    """Copies files below ``extra_files/``. Returns the entry of MLmodel, empty for none.

    Raises FileNotFoundError for one that is not there.
    """
    found = []
    for path in extra_files:
        for file, name in _files(path):
            package.copy(file, f"{EXTRA_FILES}/{name}")
        found.append({"path": f"{EXTRA_FILES}/{_local(path).name}"})
    return found


def write_environment(subject: Subject, package: Package, data: Any) -> None:
    """Writes the environment files: what was detected, or what the options say."""
    found = chosen(subject.options, lambda: _detected(subject, package, data))
    if found.constraints:
        package.write(CONSTRAINTS, "\n".join(found.constraints))
        found.requirements.append(f"-c {CONSTRAINTS}")
    environment.write_environment(package, found.requirements, found.conda)


def _detected(subject: Subject, package: Package, data: Any) -> list[str]:
    flavor = subject.flavor
    named = set(flavor.requirements(subject.model))
    if hasattr(data, "iloc"):
        named.add("pandas")  # data is handed to the model as it was trained: as a DataFrame
    return environment.requirements(
        package.loader_module or flavor.loader_module, named, package.modules, flavor.tops()
    )


def _files(path: str | os.PathLike[str]) -> Iterator[tuple[Path, str]]:
    """(file, name) for a file, or for each file of a folder, without what Python compiles."""
    source = _local(path)
    if source.is_file():
        yield source, source.name
        return
    for file in sorted(source.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc":
            yield file, f"{source.name}/{file.relative_to(source).as_posix()}"


def _local(path: str | os.PathLike[str]) -> Path:
    found = Path(os.path.abspath(os.fspath(path).removeprefix("file://")))
    if not found.exists():
        raise FileNotFoundError(f"no file or folder to put into the package: {path}")
    return found
