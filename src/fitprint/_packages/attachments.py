"""What lies beside a model in its package: code, extra files, and the environment that it needs."""

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


def copy_code(package: Package, modules: set[str], code_paths: Files, steps: Steps) -> str | None:
    """Copy the given modules, and the user's own modules that the model names, into ``code/``.

    Args:
        package: the package.
        modules: the modules that the model names; what the copied ones import is added to it.
        code_paths: the files and folders that the caller gave.
        steps: how the steps are taken.

    Returns:
        The name of the folder, or None if there is no code.

    Raises:
        FileNotFoundError: A given path does not exist.
    """
    files = [pair for path in code_paths for pair in _files(path)]
    for file, name in files:
        package.copy(file, f"{environment.CODE}/{name}")
    present = {name.partition("/")[0].removesuffix(".py") for _, name in files}
    left_out: list[tuple[str, str]] = []
    with steps.step("code"):
        modules |= environment.imported_by(files)
        left_out = environment.copy_local_code(package, modules, present)
    for module, reason in left_out:
        steps.skip(f"code of {module}", "code", reason)
    return environment.CODE if package.has_folder(environment.CODE) else None


def copy_extra_files(package: Package, extra_files: Files) -> list[dict[str, str]]:
    """Copy files below ``extra_files/``.

    Returns:
        The entry of the MLmodel file, empty if there are none.

    Raises:
        FileNotFoundError: One of them does not exist.
    """
    entry = []
    for path in extra_files:
        for file, name in _files(path):
            package.copy(file, f"{EXTRA_FILES}/{name}")
        entry.append({"path": f"{EXTRA_FILES}/{_local(path).name}"})
    return entry


def write_environment(subject: Subject, package: Package, modules: set[str], data: Any) -> None:
    """Write the environment files: what was detected, or what the options say."""
    chosen_environment = chosen(subject.options, lambda: _detected(subject, modules, data))
    if chosen_environment.constraints:
        package.write(CONSTRAINTS, "\n".join(chosen_environment.constraints))
        chosen_environment.requirements.append(f"-c {CONSTRAINTS}")
    environment.write_environment(package, chosen_environment.requirements, chosen_environment.conda)


def _detected(subject: Subject, modules: set[str], data: Any) -> list[str]:
    flavor = subject.flavor
    named = set(flavor.requirements(subject.model))
    if hasattr(data, "iloc"):
        named.add("pandas")  # the model gets data as it was trained: as a DataFrame
    return environment.requirements(named, modules, flavor.tops())


def _files(path: str | os.PathLike[str]) -> Iterator[tuple[Path, str]]:
    """Yield (file, name) for a file, or for each file of a folder, without what Python compiles."""
    source = _local(path)
    if source.is_file():
        yield source, source.name
        return
    for file in sorted(environment.source_files(source)):
        yield file, f"{source.name}/{file.relative_to(source).as_posix()}"


def _local(path: str | os.PathLike[str]) -> Path:
    file = Path(os.path.abspath(os.fspath(path).removeprefix("file://")))
    if not file.exists():
        raise FileNotFoundError(f"there is no file or folder to copy into the package: {path}")
    return file
