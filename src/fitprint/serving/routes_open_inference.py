"""The routes of the Open Inference Protocol (V2) over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fitprint._version import __version__
from fitprint.serving import answers, decode, encode
from fitprint.serving.endpoint import Answer, Endpoint, Protocol, Serving
from fitprint.serving.errors import RequestError
from fitprint.serving.open_inference import metadata_of
from fitprint.serving.plain import to_json

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

MODEL_VERSION = "1"
"""A package has no version of its own; the protocol has one in its routes and answers."""


class ModelEndpoint(Endpoint):
    """A route that predicts and that names the model."""

    async def answer(self, scope: Scope, receive: Receive, request_id: str) -> Response:
        """Return the answer to a request, if it is for this model."""
        unknown = unknown_model(scope["path_params"], self.serving.name)
        if unknown is not None:
            return self.refused(unknown, request_id)
        return await super().answer(scope, receive, request_id)


def unknown_model(named: dict[str, Any], name: str) -> RequestError | None:
    """Return the error for a route that names another model, or another version of it than there is."""
    if named.get("model", name) != name:
        return RequestError(404, f"There is no model of this name; the model is {name}.", "RESOURCE_DOES_NOT_EXIST")
    if named.get("version", MODEL_VERSION) != MODEL_VERSION:
        message = f"The model {name} has no version of this number; it has the version {MODEL_VERSION}."
        return RequestError(404, message, "RESOURCE_DOES_NOT_EXIST")
    return None


def routes(serving: Serving, method: str) -> list[BaseRoute]:
    """Return the routes.

    Args:
        serving: The package.
        method: The method that answers where no other is asked for.
    """
    protocol = Protocol(
        "open_inference",
        lambda body, content_type, model: decode.open_inference(body, model),
        lambda predictions, request: encode.open_inference(
            predictions, request, serving.model, serving.name, MODEL_VERSION
        ),
        answers.inference,
    )
    documents = {
        "/v2": {"name": "fitprint", "version": __version__, "extensions": []},
        "/v2/health/live": {"live": True},
        "/v2/health/ready": {"ready": True},
    }
    metadata = to_json(_metadata(serving))
    ready = to_json({"name": serving.name, "ready": True})
    served: list[BaseRoute] = []
    for base in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        served.append(Route(f"{base}/infer", ModelEndpoint(serving, protocol, method), methods=["POST"]))
        for name in serving.model.methods:
            served.append(Route(f"{base}/infer/{name}", ModelEndpoint(serving, protocol, name), methods=["POST"]))
        served.append(Route(base, about_model(serving, metadata), methods=["GET"]))
        served.append(Route(f"{base}/ready", about_model(serving, ready), methods=["GET"]))
    for path, document in documents.items():
        served.append(Route(path, _always(to_json(document), serving), methods=["GET"]))
    return served


def about_model(serving: Serving, content: bytes) -> Any:
    """Return an endpoint that answers the same to everybody who names the right model."""

    async def endpoint(request: HttpRequest) -> Response:
        error = unknown_model(request.path_params, serving.name)
        return Answer(content) if error is None else Answer(answers.inference(error, "", False), error.status)

    return endpoint


def _always(content: bytes, serving: Serving) -> Any:
    async def endpoint(request: HttpRequest) -> Response:
        return Answer(content, 200 if serving.is_well else 503)

    return endpoint


def _metadata(serving: Serving) -> dict[str, Any]:
    model = serving.model
    return {
        "name": serving.name,
        "versions": [MODEL_VERSION],
        "platform": f"fitprint_{model.flavor}",
        "inputs": metadata_of(model.inputs, "input"),
        "outputs": metadata_of(model.outputs, "output", first=1),  # as answers call it, and as MLServer calls its own
    }
