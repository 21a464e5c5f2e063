"""The MLmodel file: YAML in block style, keys in alphabetical order, as MLflow writes it.

Format: the MLmodel contract of MLflow ("The package folder and the MLmodel file").
"""

from __future__ import annotations

import functools
import marshal
import platform
import re
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fitprint.models import bounded_yaml
from fitprint.models.errors import PackageError
from fitprint.models.package import member

NAME = "MLmodel"
LARGEST = 10_000_000
_MOST_KEPT = 200_000
"""Bytes of a value whose YAML is kept along with that of others for the packages that follow."""
_IDENTIFIER = re.compile(r"(?=.*[a-f])[0-9a-f]{32}")
"""An identifier of hexadecimal digits that YAML cannot take for a number, and so needs no quotes."""


def to_yaml(document: Any, sort_keys: bool = True) -> str:
    """Block-style YAML, by the C emitter where PyYAML has it (six times as fast).

    Raises TypeError, naming it, for a value that plain YAML cannot hold.
    """
    import yaml

    try:
        text: str = yaml.dump(
            document, Dumper=_dumper(), default_flow_style=False, sort_keys=sort_keys, allow_unicode=True
        )
    except yaml.representer.RepresenterError as error:
        value = error.args[-1]
        raise TypeError(
            f"{value!r:.80} is a {type(value).__name__}, which the files of a package cannot hold: "
            "give text, numbers, lists and mappings"
        ) from None
    return text


@functools.cache
def _dumper() -> Any:
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True  # an anchor is legal YAML that no other writer of MLmodel files emits

    return Dumper


def document_yaml(document: Mapping[str, Any]) -> str:
    """The text that `to_yaml` gives for an MLmodel document; what was the same in an earlier one is not made anew."""
    return "".join(_entry(name, document[name]) for name in sorted(document))


def _entry(name: str, value: Any) -> str:
    """One key of the document with its value. The result is the same as of the emitter, which sorts keys too."""
    if name in ("model_uuid", "run_id") and _IDENTIFIER.fullmatch(value):
        return f"{name}: {value}\n"
    if name == "utc_time_created":
        return f"{name}: '{value}'\n"
    try:
        frozen = marshal.dumps(value, 2)  # version 2 writes equal values alike, and refuses all that is not plain
    except ValueError:
        return to_yaml({name: value})
    return _kept_entry(name, frozen) if len(frozen) < _MOST_KEPT else _last_long_entry(name, frozen)


def _made_entry(name: str, frozen: bytes) -> str:
    return to_yaml({name: marshal.loads(frozen)})


_kept_entry = functools.lru_cache(maxsize=64)(_made_entry)
_last_long_entry = functools.lru_cache(maxsize=1)(_made_entry)
"""Of long values, such as the signature of ten thousand columns, the last one alone is kept."""


def flavors(
    flavor: str,
    keys: Mapping[str, Any],
    loader_module: str,
    pyfunc: Mapping[str, Any] | None,
    code: str | None,
) -> dict[str, Any]:
    """The map of flavors: the model's own, and the generic one unless ``pyfunc`` is None: then it cannot predict."""
    found: dict[str, Any] = {flavor: {**keys, "code": code}}
    if pyfunc is not None:
        found["python_function"] = {
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            "loader_module": loader_module,
            "python_version": platform.python_version(),
            **({"code": code} if code else {}),
            **pyfunc,
        }
    return found


def describe(**keys: Any) -> dict[str, Any]:
    """The document of an MLmodel file, with the time of now; keys that are None are left out."""
    created = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"
    return {name: value for name, value in {**keys, "utc_time_created": created}.items() if value is not None}


def read(folder: Path) -> dict[str, Any]:
    """The MLmodel document of a package folder, as plain data and bounded.

    Raises PackageError, naming the folder, for a missing, empty, oversized, malformed or hostile file.
    """
    path = folder / NAME
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            raise PackageError(f"{path} is no plain file of at most {LARGEST:,} bytes, as MLmodel files are")
        if path.is_symlink():
            path = member(folder, NAME)
        document = bounded_yaml.load(path.read_bytes())
    except FileNotFoundError:
        raise PackageError(f"{folder} is no package: it has no MLmodel file") from None
    except OSError as error:
        raise PackageError(f"{path} cannot be read: {error.strerror}") from None
    except bounded_yaml.YamlError as error:
        raise PackageError(f"{path} {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("flavors"), dict):
        raise PackageError(f"{path} holds no flavors: it is empty, truncated or not an MLmodel file")
    return document
