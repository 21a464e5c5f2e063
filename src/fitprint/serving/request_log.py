"""The file that requests are written to where the user has named one: nothing else holds rows of a caller."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

from fitprint._core.privacy import in_force


class RequestLog:
    """A file with a line of JSON for each request, which its owner alone can read. Several processes may write to it.

    Args:
        path: The file; it is made if it is not there.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, path: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o600)
        if hasattr(os, "fchmod"):
            os.fchmod(self._file, 0o600)  # a file that was there may have been open to others

    def write(self, request_id: str, protocol: str, method: str, status: int, body: bytes) -> None:
        """Write one request, with the secrets in it redacted as in records of runs."""
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "request_id": request_id,
            "protocol": protocol,
            "method": method,
            "status": status,
            "body": _text(body),
        }
        line = json.dumps(entry).encode("ascii") + b"\n"
        os.write(self._file, line)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _text(body: bytes) -> str:
    try:
        return in_force().text(body.decode("utf-8"))
    except UnicodeDecodeError:
        return f"({len(body)} bytes that are no text)"
