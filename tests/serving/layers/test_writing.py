"""An answer in one write: what is written in one turn of the event loop goes to the connection together."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from fitprint.serving.writing import Gathering


class Counting(asyncio.Protocol):
    """The server's end of a connection, whose writes are counted on their way to the socket."""

    def __init__(self) -> None:
        self.writes: list[list[bytes]] = []
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        counted, self_writes = transport.writelines, self.writes  # type: ignore[attr-defined]

        def writelines(parts: Any) -> None:
            self_writes.append(list(parts))
            counted(parts)

        class Seen:
            def __getattr__(self, name: str) -> Any:
                return writelines if name == "writelines" else getattr(transport, name)

        self.transport = Gathering(Seen())  # type: ignore[arg-type]


def connected(use: Callable[[Counting, socket.socket], Awaitable[None]]) -> None:
    async def main() -> None:
        here, there = socket.socketpair()
        there.setblocking(False)
        protocol = Counting()
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, here)
        with there:
            await asyncio.wait_for(use(protocol, there), 60)
        protocol.transport.abort()

    asyncio.run(main())


def test_what_is_written_in_one_turn_goes_together_and_in_order() -> None:
    async def use(server: Counting, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        server.transport.write(b"head, ")
        server.transport.write(b"body")
        assert server.writes == []
        assert await loop.sock_recv(client, 100) == b"head, body"
        server.transport.write(b"next")
        assert await loop.sock_recv(client, 100) == b"next"
        assert server.writes == [[b"head, ", b"body"], [b"next"]]

    connected(use)


def test_a_connection_is_closed_after_what_was_written() -> None:
    async def use(server: Counting, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        server.transport.write(b"last")
        server.transport.close()
        assert server.transport.is_closing()
        assert await loop.sock_recv(client, 100) == b"last"
        assert await loop.sock_recv(client, 100) == b""

    connected(use)


def test_nothing_is_written_to_a_client_that_has_gone() -> None:
    async def use(server: Counting, client: socket.socket) -> None:
        errors: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
        server.transport.write(b"too late")
        server.transport.abort()
        await asyncio.sleep(0.01)
        assert (server.writes, errors) == ([], [])

    connected(use)
