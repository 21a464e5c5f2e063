"""The clock of a file system, which may be that of another machine: times of files are compared with it alone."""

from __future__ import annotations

import os
import time

from fitprint._core.signal_handlers import suppress_own

_HOLDS = 10.0
"""The seconds for which it is not read again."""


class FileClock:
    """Tells the present time as files that are written at this moment have it.

    Args:
        folder: Where a file is made, and removed at once, to read the clock.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._offset = 0.0
        """What it shows beyond the monotonic clock of this process."""
        self._read_at = float("-inf")

    def now(self) -> float:
        """Return the present time, in seconds since the epoch.

        Raises:
            OSError: If nothing can be written in the folder.
        """
        now = time.monotonic()
        if now - self._read_at > _HOLDS:
            probe = os.path.join(self._folder, f".now-{os.urandom(4).hex()}")
            try:
                with open(probe, "xb") as file:
                    self._offset, self._read_at = os.fstat(file.fileno()).st_mtime - now, now
            finally:
                with suppress_own(OSError):
                    os.unlink(probe)
        return now + self._offset
