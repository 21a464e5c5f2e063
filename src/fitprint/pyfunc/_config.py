"""The config of a model: what is stored, and what the reader may change of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fitprint._core.guard import warn_user

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
