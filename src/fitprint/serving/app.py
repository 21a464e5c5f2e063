"""The ASGI app: the routes of all protocols, the documents, and what is answered where no route is found."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fitprint._runs.run import Run
from fitprint.serving import (
    answers,
    openapi,
    routes_azure,
    routes_kserve,
    routes_mlflow,
    routes_open_inference,
    routes_page,
    security,
)
from fitprint.serving.batch_check import check_batching
from fitprint.serving.endpoint import Answer, Serving
from fitprint.serving.errors import RequestError
from fitprint.serving.options import ServeOptions
from fitprint.serving.plain import to_json
from fitprint.serving.prometheus import Metrics
from fitprint.serving.request_log import RequestLog
from fitprint.serving.score import Scorer
from fitprint.serving.served import ServedModel
from fitprint.serving.shortcut import Shortcut

if TYPE_CHECKING:
    from starlette.types import ExceptionHandler


def app_of(
    package: str | os.PathLike[str] | Run, *, trust: str | None = None, digest: str | None = None, **options: Any
) -> Starlette:
    """Load a package and make an ASGI app of it, for any ASGI server, or to be mounted in another app.

    Args:
        package: What `fitprint.load_model` takes: a path, a URI or a run.
        trust: What may be loaded, in place of the setting: ``all``, ``verified`` or ``no-pickle``.
        digest: The SHA-256 that the package's ``checksums.json`` must have.
        **options: Those of `ServeOptions`, such as ``method="predict_proba"`` or ``token="..."``.

    Returns:
        The app. Its state has the `Serving` of the package as ``serving``.

    Raises:
        PackageError: The package is broken or not to be trusted, or cannot predict.
        ValueError: An option does not fit the model.
    """
    chosen = ServeOptions(**options)
    return app_for(ServedModel.load(package, trust=trust, digest=digest), chosen)


def app_for(model: ServedModel, options: ServeOptions) -> Starlette:
    """Make the app of a package that is loaded.

    Args:
        model: The package.
        options: How it is served.

    Raises:
        ValueError: An option does not fit the model.
    """
    method = options.method or model.methods[0]
    if method not in model.methods:
        raise ValueError(f"{model.name} has no method {method!r}; it has {', '.join(model.methods)}")
    metrics = Metrics()
    if options.batch:
        check_batching(model, method)
    scorer = Scorer(model, options, metrics)
    log = RequestLog(options.log_requests) if options.log_requests else None
    serving = Serving(model, options, options.name or model.name, scorer, metrics, log)
    documents = Documents(serving)
    routes: list[BaseRoute] = [
        *routes_mlflow.routes(serving, method),
        *routes_azure.routes(serving, method),
        *routes_open_inference.routes(serving, method),
        *routes_kserve.routes(serving, method),
        *routes_mlflow.health_routes(serving),
        Route("/openapi.json", documents.openapi, methods=["GET"]),
        Route("/swagger.json", documents.swagger, methods=["GET"]),
        *(routes_page.routes(serving, method) if options.page else ()),
    ]
    open_routes = {*openapi.OPEN_ROUTES, *options.health_routes, *routes_page.OPEN_ROUTES}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        scorer.close()
        if log is not None:
            log.close()

    app = Starlette(
        routes=routes,
        middleware=[*security.middleware(options, open_routes), Middleware(Shortcut, routes=routes)],
        exception_handlers=_HANDLERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.serving = serving
    return app


class Documents:
    """The OpenAPI documents, made when the first of them is asked for.

    Args:
        serving: The package.
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._made: dict[str, openapi.Document] = {}

    async def openapi(self, request: HttpRequest) -> Response:
        """Answer the document of OpenAPI 3.1."""
        return self._answer(request, "3.1")

    async def swagger(self, request: HttpRequest) -> Response:
        """Answer the document of the version that the query names; Azure's default is 2."""
        version = request.query_params.get("version", "2")
        if version not in openapi.VERSIONS:
            known = ", ".join(openapi.VERSIONS)
            error = RequestError(404, f"Swagger version [{version[:20]}] is not valid. Supported versions: [{known}].")
            return Answer(answers.azure(error, "", False), 404)
        return self._answer(request, version)

    def _answer(self, request: HttpRequest, version: str) -> Response:
        if version not in self._made:
            newest = openapi.document(self._serving.model, self._serving.options, self._serving.name)
            self._made[version] = openapi.as_version(newest, version)
        document = self._made[version]
        root = request.scope.get("root_path", "")
        if root:  # the app is mounted, or behind a proxy that says where
            where = {"basePath": root} if "swagger" in document else {"servers": [{"url": root}]}
            document = {**document, **where}
        return Answer(to_json(document))


async def _no_route(request: HttpRequest, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == 405:
        message, code = f"This route takes {headers.get('Allow', 'another method')} only.", "METHOD_NOT_ALLOWED"
    elif status == 404:
        message, code = "There is no such route; /openapi.json lists them.", "ENDPOINT_NOT_FOUND"
        if request.method == "POST":  # most often a method's name that is misspelled, or a model without that method
            methods = request.app.state.serving.model.methods
            message += f" The methods of the model are: {', '.join(methods)}."
    else:
        message, code = "The request cannot be answered.", "BAD_REQUEST"
    return answers.refused(request.scope, status, message, code, list(headers.items()))


async def _own_error(request: HttpRequest, error: Exception) -> Response:
    """Answer for an error in the server itself, which the ASGI server then logs."""
    message = "The server failed; its log has the error."
    return answers.refused(request.scope, 500, message, "INTERNAL_ERROR")


_HANDLERS: dict[Any, ExceptionHandler] = {HTTPException: _no_route, Exception: _own_error}
