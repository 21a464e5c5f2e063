"""The content of artifacts: files, folders, values as JSON or YAML, figures; and the history of metrics."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from fitprint._core.jsonable import ALL, plain, to_bytes
from fitprint._core.privacy import Redactor


def contents(source: Path, folder: str | None) -> Iterator[tuple[str, bytes]]:
    """(name, content) for a file, or for each file of a folder. Raises FileNotFoundError."""
    if not source.exists():
        raise FileNotFoundError(f"no file or folder to log: {source}")
    prefix = f"{folder.rstrip('/')}/" if folder else ""
    source = Path(os.path.abspath(source))  # "." has a name too
    if source.is_file():
        yield prefix + source.name, source.read_bytes()
        return
    for file in sorted(source.rglob("*")):
        if file.is_file():
            yield f"{prefix}{source.name}/{file.relative_to(source).as_posix()}", file.read_bytes()


def of_dict(value: Any, name: str, redactor: Redactor) -> bytes:
    """A value as YAML for a name in .yaml or .yml, else as JSON; with what is secret in it hidden."""
    shown = redactor.inside(plain(value, bounds=ALL))
    if PurePosixPath(name).suffix in (".yaml", ".yml"):
        import yaml

        return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True).encode("utf-8")
    return to_bytes(shown, indent=2)


def of_figure(figure: Any, name: str) -> bytes:
    """A figure in the format of the name's ending. Raises TypeError for what is no figure."""
    suffix = PurePosixPath(name).suffix.lstrip(".")
    if hasattr(figure, "savefig"):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix or "png")
        return buffer.getvalue()
    if hasattr(figure, "to_html") and suffix in ("html", ""):
        return str(figure.to_html()).encode("utf-8")
    if hasattr(figure, "to_image"):
        return bytes(figure.to_image(format=suffix))
    raise TypeError(f"log_figure takes a matplotlib or plotly figure, not {type(figure).__name__}")


def read_metrics(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """The lines of ``metrics.jsonl`` for one metric; a last line cut off by a killed process is passed over."""
    path = Path(folder, "metrics.jsonl")
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if found.get("name") == name:
            yield found
