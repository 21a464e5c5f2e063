"""The routes of MLflow's scoring server, which are those of SageMaker too, and of Kubernetes and Prometheus."""

from __future__ import annotations

from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from fitprint._version import __version__
from fitprint.serving import answers, decode, encode
from fitprint.serving.bodies import JSON
from fitprint.serving.endpoint import Endpoint, Protocol, Serving
from fitprint.serving.prometheus import CONTENT_TYPE

MLFLOW = Protocol(
    "mlflow", decode.invocations, lambda predictions, request: encode.invocations(predictions), answers.mlflow
)


def routes(serving: Serving, method: str) -> list[BaseRoute]:
    """Return the routes of MLflow.

    Args:
        serving: The package.
        method: The method that answers where no other is asked for.
    """

    async def ping(request: HttpRequest) -> Response:
        return Response("\n", media_type=JSON)

    async def version(request: HttpRequest) -> Response:
        return Response(__version__, media_type=JSON)

    return [
        Route("/invocations", Endpoint(serving, MLFLOW, method), methods=["POST"]),
        *(
            Route(f"/invocations/{name}", Endpoint(serving, MLFLOW, name), methods=["POST"])
            for name in serving.model.methods
        ),
        *(Route(path, ping, methods=["GET"]) for path in ("/ping", "/health", *serving.options.health_routes)),
        Route("/version", version, methods=["GET"]),
    ]


def health_routes(serving: Serving) -> list[BaseRoute]:
    """Return the routes that tell how the process is."""

    async def well(request: HttpRequest) -> Response:
        if serving.is_well:
            return PlainTextResponse("ok")
        return PlainTextResponse(f"threads that do not end: {serving.scorer.abandoned}", 503)

    async def metrics(request: HttpRequest) -> Response:
        return Response(serving.metrics.text(), headers={"content-type": CONTENT_TYPE})

    return [
        Route("/livez", well, methods=["GET"]),
        Route("/readyz", well, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]
