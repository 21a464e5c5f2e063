"""What a python model finds beside itself: the files of its package, and its config."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fitprint._core.guard import warn_user
from fitprint._packages.resolve import folder_of
from fitprint.models.package import Package, member

ARTIFACTS = "artifacts"


def sources_of(artifacts: Mapping[str, Any] | None) -> dict[str, Path]:
    """From the name of each artifact to the file or folder that is meant.

    A path, a ``file:`` URL, or ``runs:/<run_id>/<name>``. Raises FileNotFoundError for one that is not there.
    """
    found = {}
    for name, uri in (artifacts or {}).items():
        if not isinstance(name, str):
            raise TypeError(f"the names of artifacts are text, not {name!r}")
        found[name] = path = folder_of(uri).absolute()
        if not path.exists():
            raise FileNotFoundError(f"the artifact {name}: there is no file or folder {uri}")
    return found


def copy_artifacts(package: Package, sources: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """Copies artifacts below ``artifacts/`` by base name. Returns the entry of MLmodel.

    Those of one base name go into numbered folders.
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
    # the name alone: the path that it was copied from is the author's
    return {name: {"path": places[path], "uri": path.name} for name, path in sources.items()}


def copy_into(package: Package, source: Path, name: str) -> None:
    """Copies a file, or a folder with all that is in it, into a package."""
    if source.is_file():
        package.copy(source, name)
        return
    files = list(_files(source, set()))
    for file in files:
        package.copy(file, f"{name}/{file.relative_to(source).as_posix()}")
    if not files:
        package.path(name).mkdir(parents=True)


def _files(folder: Path, above: set[str]) -> Iterator[Path]:
    """All files below a folder, those behind links too. Raises ValueError for a link to a folder that it lies in."""
    real = os.path.realpath(folder)
    if real in above:
        raise ValueError(f"{folder} leads back to a folder that it lies in")
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _files(path, above | {real})
        elif path.is_file():
            yield path


def context_paths(folder: Path, entry: Any) -> dict[str, str]:
    """From the name of each artifact to its absolute path in a package."""
    named = entry if isinstance(entry, Mapping) else {}
    places = {str(name): about.get("path") if isinstance(about, Mapping) else None for name, about in named.items()}
    return {name: str(member(folder, place).absolute()) for name, place in places.items()}


OVERRIDES = "MLFLOW_PYFUNC_INFERENCE_CONFIG"
Config = Mapping[str, Any] | str | os.PathLike[str]


def read_config(config: Config | None) -> dict[str, Any]:
    """A config given as a mapping, or as the path of a YAML file. Raises TypeError for what is neither."""
    if isinstance(config, (str, os.PathLike)):
        import yaml

        config = yaml.safe_load(Path(config).read_text("utf-8"))
    if config is None:
        return {}
    if not isinstance(config, Mapping):
        raise TypeError(f"a model_config is a mapping or the path of a YAML file that holds one, not {config!r:.80}")
    return dict(config)


def merged(stored: Any, given: Config | None) -> dict[str, Any]:
    """The stored config with the changes of the environment, then those given; only keys that it has are taken."""
    kept = dict(stored) if isinstance(stored, Mapping) else {}
    changes = {**_of_environment(), **read_config(given)}
    unknown = [name for name in changes if name not in kept]
    if unknown:
        has = f"it has: {', '.join(map(str, kept))}" if kept else "it has none; give model_config when it is saved"
        warn_user(f"not in the model's config, ignored: {', '.join(map(str, unknown))}; {has}")
    return {**kept, **{name: value for name, value in changes.items() if name in kept}}


def _of_environment() -> dict[str, Any]:
    text = os.environ.get(OVERRIDES)
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{OVERRIDES} is no JSON object: {text!r:.80}")
    return found
