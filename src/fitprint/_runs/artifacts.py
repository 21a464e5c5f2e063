"""The content of artifacts: files, folders, values as JSON or YAML, and figures."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from fitprint._core.jsonable import ALL, jsonable, to_bytes
from fitprint._core.privacy import Redactor


def read_files(source: Path, folder: str | None) -> Iterator[tuple[str, bytes]]:
    """Read a file, or each file of a folder.

    Args:
        source: The file or folder.
        folder: The artifact folder that the names begin with, or None for none.

    Yields:
        The artifact name and the content of each file.

    Raises:
        FileNotFoundError: If `source` does not exist.
    """
    if not source.exists():
        raise FileNotFoundError(f"cannot log {source}: there is no such file or folder")
    source = Path(os.path.abspath(source))  # so that "." has a name too
    if source.is_file():
        yield _inside(folder, source.name), source.read_bytes()
    else:
        yield from read_folder(source, _inside(folder, source.name))


def read_folder(source: Path, folder: str | None) -> Iterator[tuple[str, bytes]]:
    """Read each file of a folder.

    Args:
        source: The folder.
        folder: The artifact folder that the names begin with, or None for none.

    Yields:
        The artifact name and the content of each file.

    Raises:
        NotADirectoryError: If `source` is not a folder.
    """
    if not source.is_dir():
        raise NotADirectoryError(f"cannot log the files of {source}: it is not a folder")
    for file in sorted(source.rglob("*")):
        if file.is_file():
            yield _inside(folder, file.relative_to(source).as_posix()), file.read_bytes()


def _inside(folder: str | None, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if folder else name


def dict_content(value: Any, name: str, redactor: Redactor) -> bytes:
    """Return a value as YAML if the name ends in .yaml or .yml, else as JSON. Secrets in it are redacted."""
    document = redactor.inside(jsonable(value, bounds=ALL))
    if PurePosixPath(name).suffix in (".yaml", ".yml"):
        import yaml

        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode("utf-8")
    return to_bytes(document, indent=2)


def figure_content(figure: Any, name: str, options: Mapping[str, Any]) -> bytes:
    """Return a figure in the format that the file extension of the name says. `options` go to its own method.

    Raises:
        TypeError: If `figure` is not a matplotlib or plotly figure.
    """
    extension = PurePosixPath(name).suffix.lstrip(".")
    if hasattr(figure, "savefig"):
        buffer = io.BytesIO()
        figure.savefig(buffer, **{"format": extension or "png", **options})
        return buffer.getvalue()
    if hasattr(figure, "to_html") and extension in ("html", ""):
        return str(figure.to_html(**options)).encode("utf-8")
    if hasattr(figure, "to_image"):
        return bytes(figure.to_image(**{"format": extension, **options}))
    raise TypeError(f"log_figure takes a matplotlib or plotly figure, not {type(figure).__name__}")
