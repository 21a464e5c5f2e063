"""The MLmodel file of a package: YAML in block style with sorted keys, as MLflow writes it.

Format: MLflow's documentation of the MLmodel file and of the folder of a model.
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
from fitprint.models.package_paths import member

NAME = "MLmodel"
WRITER = "fitprint_flavor"
"""The key of the flavor that wrote the package in the format of another one."""
LARGEST = 10_000_000
_MOST_KEPT = 200_000
"""The largest value, in bytes, whose YAML text is kept for the next package."""
_IDENTIFIER = re.compile(r"(?=.*[a-f])[0-9a-f]{32}")
"""An identifier of hexadecimal digits that YAML cannot read as a number, so that it needs no quotes."""


def to_yaml(document: Any, sort_keys: bool = True) -> str:
    """Return a document as YAML in block style. PyYAML's C emitter is used if it is there; it is six times as fast.

    Args:
        document: Mappings, lists, text, numbers, booleans and None.
        sort_keys: Whether the keys of mappings are sorted.

    Returns:
        The text.

    Raises:
        TypeError: The document has a value of another kind; the message names it.
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
            "use text, numbers, lists and mappings"
        ) from None
    return text


@functools.cache
def _dumper() -> Any:
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True  # anchors are valid YAML, but nothing else that writes MLmodel files uses them

    return Dumper


def document_yaml(document: Mapping[str, Any]) -> str:
    """Return the text of an MLmodel document, as `to_yaml` makes it. The texts of equal values are made only once."""
    return "".join(_entry(name, document[name]) for name in sorted(document))


def _entry(name: str, value: Any) -> str:
    """Return the text of one key of the document and its value, which is the text that `to_yaml` makes."""
    if name in ("model_uuid", "run_id") and _IDENTIFIER.fullmatch(value):
        return f"{name}: {value}\n"
    if name == "utc_time_created":
        return f"{name}: '{value}'\n"
    try:
        frozen = marshal.dumps(value, 2)  # version 2 writes equal values alike
    except ValueError:
        return to_yaml({name: value})
    text = _kept_entry(name, frozen) if len(frozen) < _MOST_KEPT else _last_long_entry(name, frozen)
    return to_yaml({name: value}) if text is None else text


def _made_entry(name: str, frozen: bytes) -> str | None:
    """Return the text of a key and its value; None if the value may not be plain: marshal turns arrays into bytes."""
    value = marshal.loads(frozen)
    return None if _has_bytes(value) else to_yaml({name: value})


def _has_bytes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_bytes, (*value, *value.values())))
    return any(map(_has_bytes, value)) if isinstance(value, (list, tuple, set, frozenset)) else isinstance(value, bytes)


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
    """Return the flavors of an MLmodel document.

    Args:
        flavor: The name of the model's flavor.
        keys: The entries of this flavor.
        loader_module: The module whose `_load_pyfunc` loads the model.
        pyfunc: Further entries of the generic flavor `python_function`, or None if the model cannot predict. An
            entry whose value is None is left out.
        code: The folder of code in the package, or None if there is none.

    Returns:
        The entry `flavors` of the document.
    """
    entries: dict[str, Any] = {flavor: {**keys, "code": code}}
    if pyfunc is not None:
        generic = {
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            "loader_module": loader_module,
            "python_version": platform.python_version(),
            "code": code,
            **pyfunc,
        }
        entries["python_function"] = {name: value for name, value in generic.items() if value is not None}
    return entries


def describe(**keys: Any) -> dict[str, Any]:
    """Return the document of an MLmodel file with these keys and the current time; keys that are None are left out."""
    created = datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return {name: value for name, value in {**keys, "utc_time_created": created}.items() if value is not None}


def read(folder: Path) -> dict[str, Any]:
    """Read the MLmodel document of a package.

    Args:
        folder: The folder of the package.

    Returns:
        The document as plain data.

    Raises:
        PackageError: The file is missing, empty, too large, not valid, or made to exhaust its reader. The message
            names the folder.
    """
    path = folder / NAME
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            raise PackageError(f"{path} must be a regular file of at most {LARGEST:,} bytes")
        if path.is_symlink():
            path = member(folder, NAME)
        document = bounded_yaml.load(path.read_bytes())
    except FileNotFoundError:
        reason = "it has no MLmodel file" if folder.is_dir() else "there is no such folder"
        raise PackageError(f"{folder} is not a package: {reason}") from None
    except OSError as error:
        raise PackageError(f"{path} cannot be read: {error.strerror}") from None
    except bounded_yaml.YamlError as error:
        raise PackageError(f"{path} {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("flavors"), dict):
        raise PackageError(f"{path} has no flavors: it is empty, truncated or not an MLmodel file")
    return document
