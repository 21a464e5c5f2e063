"""The body of a request, read up to a limit: no more than that is ever held in memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fitprint.serving.errors import RequestError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

LINGERS = 5.0
"""Seconds for which the rest of a body that is too large is received and thrown away.

A client that is still sending sees a broken connection, and not the answer, where the server hangs up at once.
"""


_MOST_DIGITS = 1000
"""Digits of a length; Python refuses to read numbers of several thousand."""


class Disconnected(Exception):
    """The client has gone before its request was there."""


async def read_body(scope: Scope, receive: Receive, limit: int, timeout: float) -> bytes:
    """Return the body of a request.

    Args:
        scope: The request.
        receive: Where its parts come from.
        limit: The largest body, in bytes.
        timeout: Seconds until the last part must be there.

    Raises:
        RequestError: The body is larger than the limit, or compressed, or does not come.
        Disconnected: The client has gone.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and (len(value) > _MOST_DIGITS or int(value) > limit):
            await _discard(receive, limit)
            raise _too_large(limit)
        if name == b"content-encoding" and value.lower() != b"identity":
            raise RequestError(415, "The body is compressed, which is not supported; send it as it is.")
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit:
            raise _too_large(limit)
        return body
    try:
        async with asyncio.timeout(timeout):
            return await _rest(receive, body, limit)
    except TimeoutError:
        raise RequestError(408, f"The body was not there after {timeout:g} seconds.", headers=_LAST) from None


async def _rest(receive: Receive, first: bytes, limit: int) -> bytes:
    chunks, size, more = [first], len(first), True
    while more:
        if size > limit:
            chunks.clear()
            await _discard(receive, limit)
            raise _too_large(limit)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        more = message.get("more_body", False)
    if size > limit:
        raise _too_large(limit)
    return b"".join(chunks)


async def _discard(receive: Receive, most: int) -> None:
    """Receive what a client is still sending, for a while and up to a size, and keep nothing of it."""
    try:
        async with asyncio.timeout(LINGERS):
            size, more = 0, True
            while more and size <= most:
                message = await receive()
                size += len(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        return


_LAST = (("connection", "close"),)


def _too_large(limit: int) -> RequestError:
    return RequestError(413, f"The body is larger than {limit:,} bytes; send fewer rows at once.", headers=_LAST)
