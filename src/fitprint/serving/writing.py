"""Writing an answer in one system call. uvicorn writes its head and its body separately, in two calls."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_INTERIM = b"HTTP/1.1 1"
"""How an answer begins that only says that the client may go on sending: no body follows."""


class OneWriteProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol over a transport that keeps the head of an answer until there is a body, or none comes."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take a new connection."""
        super().connection_made(Gathering(transport))

    def on_response_complete(self) -> None:
        """Go on after an answer."""
        self.transport.flush()
        super().on_response_complete()


class Gathering(asyncio.Transport):
    """A transport that keeps what is written first, and writes it with what comes next.

    Args:
        transport: The transport of the connection.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._kept: bytes | None = None
        for name in _HANDED_ON:
            setattr(self, name, getattr(transport, name))

    def write(self, data: Any) -> None:
        """Keep the head of an answer; write all else, after what is kept."""
        if self._kept is None and data.startswith(b"HTTP/") and not data.startswith(_INTERIM):
            self._kept = data
            return
        # without an empty part: since Python 3.12, asyncio tries for ever to write what is nothing
        parts = [part for part in (self._kept, data) if part]
        self._kept = None
        if parts and not self._transport.is_closing():  # else the client has gone
            self._transport.writelines(parts)

    def flush(self) -> None:
        """Write what is kept."""
        if self._kept is not None:
            self.write(b"")

    def close(self) -> None:
        """Close the connection, once everything is written."""
        self.flush()
        self._transport.close()


_HANDED_ON = (
    *("get_extra_info", "is_closing", "set_protocol", "get_protocol", "pause_reading", "resume_reading", "abort"),
    *("is_reading", "set_write_buffer_limits", "get_write_buffer_size"),
)
