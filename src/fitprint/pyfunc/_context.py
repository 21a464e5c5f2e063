"""What a python model finds in its package: its files and its config."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fitprint._core.guard import warn_user
from fitprint._packages.resolve import folder_of
from fitprint.models.package import Package
from fitprint.models.package_paths import member

ARTIFACTS = "artifacts"


def sources_of(artifacts: Mapping[str, Any] | None) -> dict[str, Path]:
    """Return the file or folder that each artifact is copied from.

    Args:
        artifacts: The names of the artifacts, and a path, a ``file:`` URL or ``runs:/<run_id>/<name>`` of each.

    Raises:
        FileNotFoundError: One of them does not exist.
        TypeError: It is no mapping, or a name is no string.
    """
    if artifacts is not None and not isinstance(artifacts, Mapping):
        raise TypeError(f"artifacts is a mapping from names to paths, not {artifacts!r:.80}")
    sources = {}
    for name, uri in (artifacts or {}).items():
        if not isinstance(name, str):
            raise TypeError(f"the names of artifacts are strings, not {name!r}")
        sources[name] = path = folder_of(uri).absolute()
        if not path.exists():
            raise FileNotFoundError(f"the artifact {name}: there is no file or folder {uri}")
    return sources


def copy_artifacts(package: Package, sources: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """Copy artifacts below ``artifacts/`` under their base names; return the entry of the MLmodel file.

    Artifacts that share a base name go into numbered folders.
    """
    distinct = list(dict.fromkeys(sources.values()))
    names = Counter(path.name.casefold() for path in distinct)
    places = {}
    number = 0
    for path in distinct:
        place = f"{ARTIFACTS}/{path.name}"
        if names[path.name.casefold()] > 1:
            while names[str(number)]:
                number += 1
            place = f"{ARTIFACTS}/{number}/{path.name}"
            number += 1
        places[path] = place
        copy_into(package, path, place)
    # only the name: the path that it was copied from is private to the author
    return {name: {"path": places[path], "uri": path.name} for name, path in sources.items()}


def copy_into(package: Package, source: Path, name: str) -> None:
    """Copy a file, or a folder with everything in it, into a package."""
    if source.is_file():
        package.copy(source, name)
        return
    files = list(_files(source, set()))
    for file in files:
        package.copy(file, f"{name}/{file.relative_to(source).as_posix()}")
    if not files:
        package.path(name).mkdir(parents=True)


def _files(folder: Path, above: set[str]) -> Iterator[Path]:
    """Yield all files below a folder, also those behind links.

    Raises:
        ValueError: A link leads back to a folder that it lies in.
    """
    real = os.path.realpath(folder)
    if real in above:
        raise ValueError(f"{folder} leads back to a folder that it lies in")
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _files(path, above | {real})
        elif path.is_file():
            yield path


def context_paths(folder: Path, entry: Any) -> dict[str, str]:
    """Return the name and the absolute path of each artifact of a package."""
    artifacts = entry if isinstance(entry, Mapping) else {}
    places = {
        str(name): artifact.get("path") if isinstance(artifact, Mapping) else None
        for name, artifact in artifacts.items()
    }
    return {name: str(member(folder, place).absolute()) for name, place in places.items()}


OVERRIDES = "MLFLOW_PYFUNC_INFERENCE_CONFIG"
Config = Mapping[str, Any] | str | os.PathLike[str]


def read_config(config: Config | None) -> dict[str, Any]:
    """Read a config that is given as a mapping or as the path of a YAML file.

    Raises:
        TypeError: It is neither, or the file holds no mapping.
    """
    if isinstance(config, (str, os.PathLike)):
        import yaml

        config = yaml.safe_load(Path(config).read_text("utf-8"))
    if config is None:
        return {}
    if not isinstance(config, Mapping):
        raise TypeError(f"model_config must be a mapping or the path of a YAML file that holds one, not {config!r:.80}")
    return dict(config)


def merged(stored: Any, changes_of_caller: Config | None) -> dict[str, Any]:
    """Return the stored config with the changes of the environment and, over these, those of the caller.

    Only keys that the stored config has are changed; others are reported and ignored.
    """
    config = dict(stored) if isinstance(stored, Mapping) else {}
    changes = {**_of_environment(), **read_config(changes_of_caller)}
    unknown = [name for name in changes if name not in config]
    if unknown:
        has = (
            f"it has: {', '.join(map(str, config))}"
            if config
            else "it has no config; give model_config when the model is saved"
        )
        warn_user(f"these keys are not in the model's config and are ignored: {', '.join(map(str, unknown))}; {has}")
    return {**config, **{name: value for name, value in changes.items() if name in config}}


def _of_environment() -> dict[str, Any]:
    text = os.environ.get(OVERRIDES)
    try:
        changes = json.loads(text) if text else {}
    except ValueError:
        changes = None
    if not isinstance(changes, dict):
        raise ValueError(f"{OVERRIDES} is not a JSON object: {text!r:.80}")
    return changes
