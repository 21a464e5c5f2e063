"""A file of whole lines that only grows: what could not be written to its end is taken back."""

from __future__ import annotations

import contextlib
import os


class LineFile:
    """Adds lines to the end of a file, all of those given or none."""

    def __init__(self) -> None:
        self._torn_at: int | None = None
        """The length that the file had before lines that may not be whole, and are not taken back yet."""

    def append(self, place: str, lines: str) -> None:
        """Adds whole lines. Raises OSError; then the file is as before, or is made so by the next call."""
        content = memoryview(lines.encode("utf-8", "backslashreplace"))
        with open(place, "ab", buffering=0) as file:
            if self._torn_at is not None:
                file.truncate(self._torn_at)
            self._torn_at = file.seek(0, os.SEEK_END)
            try:
                while content:
                    content = content[file.write(content) :]
            except BaseException:
                with contextlib.suppress(OSError):
                    file.truncate(self._torn_at)
                raise
        self._torn_at = None  # not before it is closed: some file systems tell then that it was not written
