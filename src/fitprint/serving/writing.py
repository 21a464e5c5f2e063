"""An answer in one write. uvicorn writes the head and the body of each by itself, which are two calls of the system."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol


class OneWriteProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol over a transport that writes all that is written in one turn of the event loop at once."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take a new connection."""
        super().connection_made(Gathering(transport))


class Gathering(asyncio.Transport):
    """A transport that hands on what is written at the end of the turn of the event loop.

    Args:
        transport: The transport of the connection.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._written: list[Any] = []
        for name in _HANDED_ON:
            setattr(self, name, getattr(transport, name))

    def write(self, data: Any) -> None:
        """Keep data until the end of the turn."""
        if not self._written:
            self._loop.call_soon(self._write)
        self._written.append(data)

    def close(self) -> None:
        """Close the connection, once everything is written."""
        self._write()
        self._transport.close()

    def _write(self) -> None:
        if self._written and not self._transport.is_closing():  # else the client has gone
            self._transport.writelines(self._written)
        self._written = []


_HANDED_ON = (
    *("get_extra_info", "is_closing", "set_protocol", "get_protocol", "pause_reading", "resume_reading", "abort"),
    *("is_reading", "set_write_buffer_limits", "get_write_buffer_size"),
)
