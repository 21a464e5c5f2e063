"""The environment files of a package: conda.yaml, python_env.yaml, requirements.txt, and the user's modules in code/.

The format is MLflow's ("Environment files" in its documentation of the MLmodel format), with its names and its order.
"""

from __future__ import annotations

import functools
import platform
import re
from collections.abc import Container, Iterable, Iterator
from itertools import islice
from pathlib import Path

from fitprint.models import distributions
from fitprint.models.package import Package

MLFLOW = "mlflow>=2.8,<4"
"""The first requirement: servers build their environment from these files, and serve with mlflow."""

MOST_CODE_BYTES = 10_000_000
MOST_CODE_FILES = 500
CODE = "code"
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+(\w+)|import[ \t]+([\w., \t]+))", re.MULTILINE)


def requirements(named: Iterable[str], modules: Iterable[str], covered: Iterable[str] = ()) -> list[str]:
    """Return the pinned requirements of a package.

    Args:
        named: Distributions that the flavor names; one that is not installed is left out.
        modules: Modules that the model's pickle names, or that the package's code imports.
        covered: Top-level modules that the named distributions bring.
    """
    names = {
        *named,
        *filter(None, (distributions.distribution_of_module(module) for module in _tops(modules) - {*covered})),
    }
    names.discard("mlflow")
    return [MLFLOW, *sorted(_pinned(name) for name in names if distributions.installed_version(name))]


def _pinned(distribution: str) -> str:
    version = distributions.installed_version(distribution)
    return f"{distribution}=={version.partition('+')[0]}" if version else distribution


def _tops(modules: Iterable[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def write_environment(package: Package, requirements: list[str], conda: str | None = None) -> None:
    """Write requirements.txt, conda.yaml (or the one given) and python_env.yaml."""
    detected, virtualenv = _environment_texts(tuple(requirements), _python())
    package.write("requirements.txt", "\n".join(requirements))
    package.write("conda.yaml", conda if conda is not None else detected)
    package.write("python_env.yaml", virtualenv)


def _python() -> str:
    return platform.python_version()


@functools.lru_cache(maxsize=32)
def _environment_texts(requirements: tuple[str, ...], python: str) -> tuple[str, str]:
    from fitprint.models.mlmodel import to_yaml

    pip = distributions.installed_version("pip")
    conda = {
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", f"pip<={pip}" if pip else "pip", {"pip": list(requirements)}],
        "name": "mlflow-env",
    }
    build = ["pip", "setuptools", "wheel"]
    virtualenv = {
        "python": python,
        "build_dependencies": [
            f"{tool}=={v}" if (v := distributions.installed_version(tool)) else tool for tool in build
        ],
        "dependencies": ["-r requirements.txt"],
    }
    return to_yaml(conda), to_yaml(virtualenv, sort_keys=False)


def copy_local_code(package: Package, modules: set[str], there: Container[str] = ()) -> list[tuple[str, str]]:
    """Copy the user's own modules that the model names, and those that these import, into ``code/``.

    Args:
        package: The package.
        modules: The modules that the model names; what the copied ones import is added to it.
        there: Modules that are in ``code/`` already.

    Returns:
        (module, reason) for each that was not copied: it is too large, or its file cannot be found.
    """
    left_out = []
    size = count = 0
    for top, files in sorted(_local_closure(modules).items()):
        modules |= imported_by(files)
        if top in there:
            continue
        own_size = sum(_size(file) for file, _ in files)
        if not files:
            left_out.append((top, "its source file cannot be found"))
        elif size + own_size > MOST_CODE_BYTES or count + len(files) > MOST_CODE_FILES:
            left_out.append((top, f"over the limit of {MOST_CODE_FILES} files and {MOST_CODE_BYTES:,} bytes of code"))
        else:
            size, count = size + own_size, count + len(files)
            for file, name in files:
                if file.exists():  # it may be deleted at any time
                    package.copy(file, f"{CODE}/{name}")
    return left_out


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _local_closure(modules: Iterable[str]) -> dict[str, list[tuple[Path, str]]]:
    """Return the user's own top-level modules that are needed, each with its files."""
    files_of: dict[str, list[tuple[Path, str]]] = {}
    waiting = _tops(modules)
    while waiting:
        top = waiting.pop()
        if top not in files_of and distributions.is_local(top):
            files_of[top] = _source_files(top)
            waiting |= imported_by(files_of[top])
    return files_of


def imported_by(files: Iterable[tuple[Path, str]]) -> set[str]:
    """Return the top-level names that source files import, also inside functions."""
    modules: set[str] = set()
    for file, _ in files:
        if file.suffix == ".py" and 0 < _size(file) <= MOST_CODE_BYTES:
            for source, names in _IMPORT.findall(file.read_text("utf-8", "replace")):
                modules.add(source)
                modules |= {name.strip().partition(" ")[0].partition(".")[0] for name in names.split(",")}
    return modules


def _source_files(top: str) -> list[tuple[Path, str]]:
    """Return the files of a module with their names below ``code/``: one file, or a folder without its caches."""
    place = distributions.file_of(top)
    if place is None:
        return []
    path = Path(place)
    if path.is_file() and path.stem != "__init__":
        return [(path, f"{top}{path.suffix}")]
    folder = path if path.is_dir() else path.parent
    few = sorted(islice(source_files(folder), MOST_CODE_FILES + 1))
    return [(file, f"{top}/{file.relative_to(folder).as_posix()}") for file in few]


def source_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, without those that Python compiles."""
    for file in folder.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc":
            yield file
