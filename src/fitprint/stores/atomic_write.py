"""Files that are written completely or not at all: records, artifacts, and files of lines that only grow."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from fitprint._core.plain_files import read_plain
from fitprint._core.signal_handlers import own, suppress_own
from fitprint.models.package_paths import write_whole
from fitprint.stores.contract import StoreError
from fitprint.stores.layout import FORMATS, PARTIAL


def write_file(path: str, content: bytes, new: bool = False) -> None:
    """Write a file.

    Args:
        path: The file.
        content: What it is to hold.
        new: Whether there must be none yet.

    Raises:
        FileExistsError: If there must be none, and there is one, which stays as it is.
        OSError: If it cannot be written. What was written of it is removed, if that is possible.
    """
    try:
        write_whole(path, content, "xb" if new else "wb")
    except own(FileExistsError):
        raise
    except BaseException:
        with suppress_own(OSError):
            os.unlink(path)
        raise


def touch(path: str) -> None:
    """Give a file the present time, by the clock of its file system. It is made, empty, if there is none.

    Raises:
        OSError: If it cannot be written.
    """
    try:
        os.utime(path)
    except FileNotFoundError:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o666))


_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
LARGEST_RECORD = 64_000_000
"""The bytes of the largest ``run.json`` that is read: a run with ten thousand long params has a tenth of them."""
DEEPEST_RECORD = 100
"""The levels of lists and mappings in a record that is read: fitprint writes a dozen of them at most."""


class LineFile:
    """A file that lines are appended to: all lines of a call, or none.

    Args:
        continues: Whether another process has written to it before, which may have died within a line.
    """

    def __init__(self, continues: bool = False) -> None:
        self._continues = continues
        self._torn_at: int | None = None
        """The length of the file before lines that may be incomplete and are not removed yet."""

    def append(self, path: str, lines: str) -> None:
        """Append whole lines.

        Raises:
            OSError: If they cannot be written. The file is then as before, or the next call restores it.
        """
        if self._continues:
            lines = "\n" * _ends_within_line(path) + lines
            self._continues = False
        rest = memoryview(lines.encode("utf-8", "backslashreplace"))
        with open(path, "ab", buffering=0) as file:
            if self._torn_at is not None:
                file.truncate(self._torn_at)
            self._torn_at = file.seek(0, os.SEEK_END)
            try:
                while rest:
                    rest = rest[file.write(rest) :]
            except BaseException:
                with suppress_own(OSError):
                    file.truncate(self._torn_at)
                raise
        self._torn_at = None  # only after closing it, because some file systems report a failed write then


def _ends_within_line(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.seek(0, os.SEEK_END) > 0 and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
    except FileNotFoundError:
        return False


def read_record(path: str) -> dict[str, Any]:
    """Read a record, or the complete one beside it that is about to replace it.

    Raises:
        FileNotFoundError: If there is none.
        StoreError: If it is broken or cannot be read.
    """
    try:
        return _parse(path)
    except FileNotFoundError:
        try:
            return _parse(path + PARTIAL)
        except StoreError:  # incomplete, because its process died or failed: there is no record
            raise FileNotFoundError(path) from None


def check_depth(content: bytes) -> None:
    """Raise ValueError if a JSON document is nested so deeply that working with it may exhaust the stack."""
    if content.count(b"[") + content.count(b"{") <= DEEPEST_RECORD:
        return
    depth = 0
    for sign in _BRACKETS.findall(_TEXTS.sub(b"", content)):
        depth += 1 if sign in b"[{" else -1
        if depth > DEEPEST_RECORD:
            raise ValueError("nested too deeply")


def _parse(path: str) -> dict[str, Any]:
    try:
        content = read_plain(path, LARGEST_RECORD)
        check_depth(content)
        document = json.loads(content)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except own(OSError) as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise StoreError(f"{path} is broken: not JSON, or nested too deeply") from None
    if not isinstance(document, dict) or document.get("format") not in FORMATS:
        read = f"{', '.join(map(str, FORMATS[:-1]))} and {FORMATS[-1]}"
        raise StoreError(f"{path} has a format that this version of fitprint does not read (it reads formats {read})")
    return document
