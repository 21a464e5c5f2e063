"""Who may call: the Host header, the token, and pages of other origins. Pure ASGI, before anything of the app runs."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from fitprint.serving import answers
from fitprint.serving.options import ServeOptions

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

WITH_CORS = ("x-fitprint-ignored", "x-request-id", "x-ms-request-id", "x-ms-run-fn-exec-ms", "retry-after")
"""The headers of an answer that a page of another origin may read."""


class Security:
    """Refuse requests for another host, and those without the token; the open routes ask for none.

    Args:
        app: The app.
        options: The host names, the token and the origins.
        open_routes: The paths that ask for no token.
    """

    def __init__(self, app: ASGIApp, options: ServeOptions, open_routes: Iterable[str]) -> None:
        self._app = app
        self._hosts = None if options.hosts is None else frozenset(name.lower() for name in options.hosts)
        self._token = None if options.token is None else options.token.encode()
        self._open_routes = frozenset(open_routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of ASGI."""
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        if self._hosts is not None and _host_name(_header(scope, b"host")) not in self._hosts:
            message = "The Host header names a host that this server does not answer for."
            return answers.refused(scope, 403, message, "PERMISSION_DENIED")
        if self._token is not None and answers.path(scope) not in self._open_routes and not self._knows_token(scope):
            message = "A token is needed: send it as the header Authorization: Bearer TOKEN."
            return answers.refused(scope, 401, message, "UNAUTHENTICATED", [("www-authenticate", "Bearer")])
        return None

    def _knows_token(self, scope: Scope) -> bool:
        scheme, _, token = (_header(scope, b"authorization") or b"").partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token or b"")


def middleware(options: ServeOptions, open_routes: Iterable[str]) -> list[Middleware]:
    """Return what stands in front of an app, outermost first: a browser's preflight request needs no token."""
    result = []
    if options.cors:
        result.append(
            Middleware(
                CORSMiddleware,
                allow_origins=options.cors,
                allow_methods=("GET", "POST"),
                allow_headers=("*",),
                expose_headers=WITH_CORS,
            )
        )
    if options.token is not None or options.hosts is not None:
        result.append(Middleware(Security, options=options, open_routes=open_routes))
    return result


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)


@lru_cache(64)
def _host_name(header: bytes | None) -> str | None:
    """Return the name in a Host header, without the port and the brackets of an IPv6 address."""
    if header is None:
        return None
    try:
        return urlsplit(f"//{header.decode('latin-1')}").hostname
    except ValueError:
        return None
