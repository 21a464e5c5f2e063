"""The listening socket: opened once, by the supervisor, and shared with every worker process."""

from __future__ import annotations

import base64
import errno
import ipaddress
import socket
import sys
from typing import Any

BACKLOG = 2048
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
"""What the Host header may be where a server listens to this machine alone.

A page of any site can have its own name resolved to 127.0.0.1 once it is open in a browser (DNS rebinding). The browser
then takes this server for a part of that site; the Host header tells.
"""


def is_loopback(host: str) -> bool:
    """Return whether a host to listen on is reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def hosts_for(host: str) -> tuple[str, ...] | None:
    """Return the host names that are served by a server that listens on a host; None for every one."""
    return (*LOOPBACK_NAMES, host.lower()) if is_loopback(host) else None


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Args:
        host: The host or address to listen on.
        port: The port; 0 for any that is free.

    Raises:
        OSError: There is no such host on this machine, or the port is taken; the message says which.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = addresses[0]
        dual = family is socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=dual)
    except UnicodeError:  # a part of the name is empty or too long
        raise OSError(f"cannot listen on {host}, which is not the name of a host") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = "another program listens there; choose another port with --port, or 0 for any that is free"
        else:
            message = error.strerror or str(error)
        raise OSError(f"cannot listen on {host}, port {port}: {message}") from None


def url_of(listening: socket.socket) -> str:
    """Return the URL under which this machine reaches a socket."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def handed_over(listening: socket.socket, process: int) -> Any:
    """Return what another process makes the same socket of, which JSON can hold.

    Args:
        listening: The socket.
        process: The process; on systems other than Windows it has inherited the file descriptor.
    """
    if sys.platform == "win32":
        return base64.b64encode(listening.share(process)).decode("ascii")
    return listening.fileno()


def taken_over(handed: Any) -> socket.socket:
    """Return the socket that another process has handed over."""
    if sys.platform == "win32":
        return socket.fromshare(base64.b64decode(handed))
    return socket.socket(fileno=handed)
