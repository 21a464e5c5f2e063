"""The Test page, which is the same for every model and needs no token, and the facts about the model that it loads."""

from __future__ import annotations

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fitprint.serving.endpoint import Answer, Serving
from fitprint.serving.page import describe, test_page
from fitprint.serving.plain import to_json

OPEN_ROUTES = ("/test",)


def routes(serving: Serving, method: str) -> list[BaseRoute]:
    """Return the routes.

    Args:
        serving: The package.
        method: The method that answers where no other is asked for.
    """

    async def page(request: HttpRequest) -> Response:
        made = test_page()
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(made.compressed, headers={**made.headers, "content-encoding": "gzip"})
        return Response(made.html, headers=dict(made.headers))

    async def model(request: HttpRequest) -> Response:
        names = [method, *(name for name in serving.model.methods if name != method)]
        has_token = serving.options.token is not None
        paths = {name: _paths(serving.name, name, method) for name in names}
        return Answer(to_json(describe(serving.model, serving.name, paths, has_token)))

    return [Route("/test", page, methods=["GET"]), Route("/test/model.json", model, methods=["GET"])]


def _paths(model: str, name: str, default: str) -> dict[str, str]:
    """Return the paths of a method in each protocol; the one that answers by default has the shorter ones."""
    below = "" if name == default else f"/{name}"
    return {
        "mlflow": f"/invocations{below}",
        "azure": f"/score{below}",
        "open_inference": f"/v2/models/{model}/infer{below}",
        "kserve": f"/v1/models/{model}:{'predict' if name == default else name}",
    }
