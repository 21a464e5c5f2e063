"""Whether what is shown as ``***`` in a run lies in the files of its model all the same."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

SHORTEST = 3
"""Characters of a secret below which it would be found everywhere: then it is taken for being there."""
_BLOCK = 1 << 20
_OURS = frozenset({"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"})


def files_with(folder: Path, secrets: Sequence[Any]) -> list[str]:
    """The names of the files of a package that hold one of the secrets, archives looked into.

    A secret that is no text, or hardly one, is taken for being in each file of the model: nothing tells its bytes from
    others.
    """
    wanted = [each for secret in secrets if isinstance(secret, str) for each in _encoded(secret)]
    certain = any(not isinstance(secret, str) or len(secret) < SHORTEST for secret in secrets)
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name not in _OURS)
    found = files if certain else [file for file in files if any(_has(part, wanted) for part in _parts(file))]
    return [file.relative_to(folder).as_posix() for file in found]


def _encoded(secret: str) -> Iterator[bytes]:
    """A text as pickles and as JSON have it."""
    yield secret.encode("utf-8", "surrogatepass")
    yield json.dumps(secret)[1:-1].encode("ascii")


def _parts(file: Path) -> Iterator[IO[bytes]]:
    with open(file, "rb") as plain:
        yield plain
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield member


def _has(file: IO[bytes], wanted: Sequence[bytes]) -> bool:
    longest = max(map(len, wanted), default=1)
    tail = b""
    while block := file.read(_BLOCK):
        block = tail + block
        if any(each in block for each in wanted):
            return True
        tail = block[-longest:]
    return False
