"""The routes that predict, which are most of the traffic: found by their path alone, in front of the router."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Route

from fitprint.serving import answers
from fitprint.serving.endpoint import Endpoint

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Shortcut:
    """Hand a POST to a route that predicts to its endpoint; everything else goes on to the router.

    The router would find the same endpoint, but looks at one route after the other, with a regular expression each.

    Args:
        app: The app.
        routes: Those of the router.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._endpoints: dict[str, Endpoint] = {}
        for route in routes:
            if isinstance(route, Route) and isinstance(route.endpoint, Endpoint) and not route.param_convertors:
                self._endpoints.setdefault(route.path, route.endpoint)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of ASGI."""
        endpoint = None
        if scope["type"] == "http" and scope["method"] == "POST":
            endpoint = self._endpoints.get(answers.path(scope))
        await (self._app if endpoint is None else endpoint)(scope, receive, send)
