"""The routes of KServe V1, which are those of TensorFlow Serving, and of Vertex AI's custom containers."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from fitprint.serving import answers, decode, encode
from fitprint.serving.endpoint import Endpoint, Protocol, Serving
from fitprint.serving.plain import to_json
from fitprint.serving.routes_open_inference import ModelEndpoint, about_model

KSERVE = Protocol(
    "kserve",
    lambda body, content_type, model: decode.instances(body, model),
    lambda predictions, request: encode.instances(predictions),
    answers.inference,
)


def routes(serving: Serving, method: str) -> list[BaseRoute]:
    """Return the routes.

    Args:
        serving: The package.
        method: The method that answers where no other is asked for.
    """
    base = "/v1/models/{model}"
    verbs = {name: name for name in serving.model.methods} | {"predict": method}
    ready = to_json({"name": serving.name, "ready": True})
    return [
        *(
            Route(f"{base}:{verb}", ModelEndpoint(serving, KSERVE, name), methods=["POST"])
            for verb, name in verbs.items()
        ),
        *(Route(path, Endpoint(serving, KSERVE, method), methods=["POST"]) for path in serving.options.predict_routes),
        Route("/v1/models", about_model(serving, to_json({"models": [serving.name]})), methods=["GET"]),
        Route(base, about_model(serving, ready), methods=["GET"]),
    ]
