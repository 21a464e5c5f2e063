"""Whether a value that is redacted in a run is nevertheless in the files of its model."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

SHORTEST = 3
"""Characters of a secret; a shorter one occurs in any file, so each file counts as one that has it."""
_BLOCK = 1 << 20
_WITHOUT_PARAMS = frozenset({"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"})


def files_with(folder: Path, secrets: Sequence[Any]) -> list[str]:
    """Find the files of a package that contain a secret; archives are searched too.

    A secret that is not a text, or a very short one, counts as being in each file of the model, because its bytes
    cannot be distinguished from others.

    Args:
        folder: The package.
        secrets: The secret values.

    Returns:
        The names of the files, relative to the package.
    """
    encoded = [form for secret in secrets if isinstance(secret, str) for form in _encoded(secret)]
    in_every_file = any(not isinstance(secret, str) or len(secret) < SHORTEST for secret in secrets)
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name not in _WITHOUT_PARAMS)
    if not in_every_file:
        files = [file for file in files if any(_contains(part, encoded) for part in _parts(file))]
    return [file.relative_to(folder).as_posix() for file in files]


def _encoded(secret: str) -> Iterator[bytes]:
    """Encode a text as pickles and as JSON do."""
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


def _contains(file: IO[bytes], encoded: Sequence[bytes]) -> bool:
    longest = max(map(len, encoded), default=1)
    tail = b""
    while block := file.read(_BLOCK):
        block = tail + block
        if any(form in block for form in encoded):
            return True
        tail = block[-longest:]
    return False
