"""The log of requests, a file that the user can ask for. Nothing else on disk contains rows of a caller."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime

from fitprint._core.guard import warn_user
from fitprint._core.privacy import in_force


class RequestLog:
    """A file with a line of JSON for each request, which its owner alone can read. Several processes may write to it.

    Args:
        path: The file; it is made if it is not there.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self._path, self._has_failed = path, False
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        for name in ("O_NOFOLLOW", "O_BINARY", "O_NONBLOCK"):  # the last one for pipes, which would be waited for
            flags |= getattr(os, name, 0)
        self._file = os.open(path, flags, 0o600)
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            os.close(self._file)
            raise OSError(f"requests are not written to {path}, which is not a file but a device or a pipe")
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
        try:
            os.write(self._file, line)
        except OSError as error:  # a full disk: whoever asked is answered all the same
            if not self._has_failed:
                warn_user(f"requests are no longer written to {self._path}: {error.strerror or error}")
            self._has_failed = True

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _text(body: bytes) -> str:
    try:
        return in_force().text(body.decode("utf-8"))
    except UnicodeDecodeError:
        return f"({len(body)} bytes that are no text)"
