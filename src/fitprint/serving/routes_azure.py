"""The routes of Azure ML's online endpoints, as azureml-inference-server-http has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from fitprint.serving import answers, bodies, decode, encode
from fitprint.serving.endpoint import LONGEST_ID, Endpoint, Protocol, Serving
from fitprint.serving.errors import RequestError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

AZURE = Protocol("azure", decode.azure, lambda predictions, request: encode.azure(predictions), answers.azure)
_IDS = ("x-request-id", "x-ms-request-id", "x-ms-client-request-id")
_NO_PREDICTIONS = "INTERNAL_ERROR", "TIMEOUT"


class Score(Endpoint):
    """The route that predicts. A GET has in its query what a POST has in its body."""

    async def answer(self, scope: Scope, receive: Receive, request_id: str) -> Response:
        """Return the answer to a request, with the ids that the client and the service know it by."""
        headers = {name: value.decode("latin-1") for key, value in scope["headers"] if (name := key.decode()) in _IDS}
        too_long = [name for name, value in headers.items() if len(value) > LONGEST_ID]
        if too_long:
            message = f"{' and '.join(too_long)} must not exceed {LONGEST_ID} characters"
            return self.refused(RequestError(431, message), request_id)
        if scope["method"] == "OPTIONS":
            response = Response(headers={"allow": "GET, OPTIONS, POST"})
        elif scope["method"] == "GET":
            response = await self._of_query(scope, request_id)
        else:
            response = await super().answer(scope, receive, request_id)
        client, legacy = headers.get("x-ms-client-request-id", ""), headers.get("x-ms-request-id", "")
        response.headers["x-ms-request-id"] = legacy or client or request_id
        if client or legacy:
            response.headers["x-ms-client-request-id"] = client or legacy
        return response

    async def _of_query(self, scope: Scope, request_id: str) -> Response:
        query: dict[str, Any] = {}
        try:
            for name, text in _parameters(scope):
                if name in query:
                    raise RequestError(400, "A parameter of the query stands twice.")
                query[name] = bodies.read_json(text.encode()) if _is_json(text) else text
            return await self.predicted(json.dumps(query).encode(), bodies.JSON, request_id)
        except RequestError as error:
            return self.refused(error, request_id)

    def refused(self, error: RequestError, request_id: str) -> Response:
        """Return the answer without predictions, which says whether it was the model that failed."""
        response = super().refused(error, request_id)
        response.headers["x-ms-run-function-failed"] = str(error.code in _NO_PREDICTIONS)
        return response

    def finish(self, response: Response, seconds: float) -> None:
        """Tell how long the model took."""
        response.headers["x-ms-run-fn-exec-ms"] = f"{seconds * 1000:.3f}"
        response.headers["x-ms-run-function-failed"] = "False"


def _parameters(scope: Scope) -> list[tuple[str, str]]:
    try:
        return parse_qsl(scope["query_string"].decode("utf-8"), keep_blank_values=True, errors="strict")
    except UnicodeError:
        raise RequestError(400, "The query is not UTF-8, written with percent signs.") from None


def _is_json(text: str) -> bool:
    """Return whether a text is meant as JSON; what is ambiguous or too large in it is refused when it is read."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def routes(serving: Serving, method: str) -> list[BaseRoute]:
    """Return the routes.

    Args:
        serving: The package.
        method: The method that answers where no other is asked for.
    """
    has_page = serving.options.page

    async def root(request: HttpRequest) -> Response:
        if has_page and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(f"{request.scope.get('root_path', '')}/test", 302)
        return PlainTextResponse("Healthy")

    methods = ["GET", "POST", "OPTIONS"]
    return [
        Route("/score", Score(serving, AZURE, method), methods=methods),
        *(Route(f"/score/{name}", Score(serving, AZURE, name), methods=methods) for name in serving.model.methods),
        Route("/", root, methods=["GET"]),
    ]
