"""An answer in one write: the head goes to the connection with the body."""

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


def test_the_head_of_an_answer_waits_for_its_body() -> None:
    async def use(server: Counting, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        server.transport.write(b"HTTP/1.1 200 OK, ")
        assert server.writes == []
        server.transport.write(b"body")
        assert await loop.sock_recv(client, 100) == b"HTTP/1.1 200 OK, body"
        server.transport.write(b", more")
        assert await loop.sock_recv(client, 100) == b", more"
        server.transport.write(b"HTTP/1.1 204 No Content")
        server.transport.flush()
        server.transport.flush()
        assert await loop.sock_recv(client, 100) == b"HTTP/1.1 204 No Content"
        assert server.writes == [[b"HTTP/1.1 200 OK, ", b"body"], [b", more"], [b"HTTP/1.1 204 No Content"]]

    connected(use)


def test_nothing_empty_is_written() -> None:
    """Since Python 3.12, asyncio would try to write it for ever."""

    async def use(server: Counting, client: socket.socket) -> None:
        server.transport.write(b"HTTP/1.1 200 OK")
        server.transport.write(b"")
        server.transport.write(b"")
        assert await asyncio.get_running_loop().sock_recv(client, 100) == b"HTTP/1.1 200 OK"
        assert server.writes == [[b"HTTP/1.1 200 OK"]]

    connected(use)


def test_a_client_that_asks_whether_to_go_on_is_told_at_once() -> None:
    async def use(server: Counting, client: socket.socket) -> None:
        server.transport.write(b"HTTP/1.1 100 Continue")
        assert await asyncio.get_running_loop().sock_recv(client, 100) == b"HTTP/1.1 100 Continue"

    connected(use)


def test_a_connection_is_closed_after_what_was_written() -> None:
    async def use(server: Counting, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        server.transport.write(b"HTTP/1.1 400 Bad Request")
        server.transport.close()
        assert server.transport.is_closing()
        assert await loop.sock_recv(client, 100) == b"HTTP/1.1 400 Bad Request"
        assert await loop.sock_recv(client, 100) == b""

    connected(use)


def test_nothing_is_written_to_a_client_that_has_gone() -> None:
    async def use(server: Counting, client: socket.socket) -> None:
        server.transport.write(b"HTTP/1.1 200 OK, ")
        server.transport.abort()
        server.transport.write(b"too late")
        assert server.writes == []

    connected(use)
