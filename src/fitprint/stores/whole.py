"""Files that are there whole or not at all: a run's record, and its artifacts."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

from fitprint.stores.contract import StoreError
from fitprint.stores.leftovers import PARTIAL


def write_whole(place: str, content: bytes) -> None:
    """Writes a file. Raises OSError; then no half of it is left, where it could be removed."""
    try:
        with open(place, "wb", buffering=0) as file:
            view = memoryview(content)
            while view:
                view = view[file.write(view) :]
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(place)
        raise


def read_record(place: str) -> dict[str, Any]:
    """A record, or the whole one beside it that is about to take its place.

    Raises FileNotFoundError where there is none, and StoreError for one that cannot be read.
    """
    try:
        return _parsed(place)
    except FileNotFoundError:
        try:
            return _parsed(place + PARTIAL)
        except StoreError:  # not written to its end, by a process that died or could not: there is no record
            raise FileNotFoundError(place) from None


def _parsed(place: str) -> dict[str, Any]:
    try:
        with open(place, "rb") as file:
            found = json.loads(file.read())
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise StoreError(f"{place} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise StoreError(f"{place} is broken: not JSON") from None
    if not isinstance(found, dict) or found.get("format") != 1:
        raise StoreError(f"{place} is of a format this fitprint does not read (format 1 wanted)")
    return found
