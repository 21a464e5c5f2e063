"""One request from its bytes to its answer: reading, decoding, predicting and encoding it, for each protocol.

An endpoint is a plain ASGI app: what a request costs beside the model's own work matters with a model that is fast.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from fitprint._core.process_state import in_forked_child
from fitprint.serving.bodies import JSON
from fitprint.serving.body import Disconnected, read_body
from fitprint.serving.errors import RequestError
from fitprint.serving.options import ServeOptions
from fitprint.serving.prometheus import Metrics
from fitprint.serving.request import Request
from fitprint.serving.request_log import RequestLog
from fitprint.serving.score import Scorer
from fitprint.serving.served import ServedModel

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

IN_A_THREAD = 200_000
"""Bytes of a body from which on it is decoded in a thread, so that other requests need not wait."""
MANY_ROWS = 10_000
"""Rows from which on their predictions are encoded in a thread."""
LONGEST_ID = 100


@dataclass(frozen=True)
class Serving:
    """A package that is being served: what all routes share.

    Args:
        model: The package.
        options: How it is served.
        name: The model's name in the routes.
        scorer: What lets the model predict.
        metrics: What is counted.
        log: Where requests are written to, or None.
    """

    model: ServedModel
    options: ServeOptions
    name: str
    scorer: Scorer
    metrics: Metrics
    log: RequestLog | None

    @property
    def is_well(self) -> bool:
        """Whether the process is worth keeping: not too many of its threads hang in the model."""
        return self.scorer.abandoned < self.options.exit_after_abandoned


@dataclass(frozen=True)
class Protocol:
    """How a family of clients asks, and how it is answered.

    Args:
        name: Its name in metrics and in the log.
        decode: Makes data and params of a body and its content type.
        encode: Makes the body of an answer of predictions and their request.
        error: Makes the body of an answer without predictions.
    """

    name: str
    decode: Callable[[bytes, str | None, ServedModel], Request]
    encode: Callable[[Any, Request], bytes]
    error: Callable[[RequestError, str, bool], bytes]


class Answer(Response):
    """The bytes of an answer, which are JSON already."""

    media_type = JSON


class Endpoint:
    """A route that predicts: an ASGI app.

    Args:
        serving: The package.
        protocol: How clients of this route ask.
        method: The method of the model that answers.
    """

    def __init__(self, serving: Serving, protocol: Protocol, method: str) -> None:
        self.serving, self.protocol, self.method = serving, protocol, method
        self._answered = serving.metrics.answered(protocol.name, method)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of ASGI."""
        request_id = _request_id(scope)
        try:
            response = await self.answer(scope, receive, request_id)
        except Disconnected:
            return
        response.headers["x-request-id"] = request_id
        self._answered(response.status_code)
        await response(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive, request_id: str) -> Response:
        """Return the answer to a request.

        Raises:
            Disconnected: The client has gone before its request was there.
        """
        options = self.serving.options
        body = b""
        try:
            body = await read_body(scope, receive, options.max_body, options.timeout)
            response = await self.predicted(body, _content_type(scope), request_id)
        except RequestError as error:
            response = self.refused(error, request_id)
        if self.serving.log is not None:
            self.serving.log.write(request_id, self.protocol.name, self.method, response.status_code, body)
        return response

    async def predicted(self, body: bytes, content_type: str | None, request_id: str) -> Response:
        """Return the answer with the predictions for a body.

        Raises:
            RequestError: There are none.
        """
        serving, metrics = self.serving, self.serving.metrics
        began = time.perf_counter()
        decode = partial(self.protocol.decode, body, content_type, serving.model)
        request = decode() if len(body) < IN_A_THREAD else await asyncio.to_thread(decode)
        decoded = time.perf_counter()
        predictions = await serving.scorer.predict(request, self.method, request_id)
        scored = time.perf_counter()
        encode = partial(self.protocol.encode, predictions, request)
        content = encode() if (request.rows or 0) < MANY_ROWS else await asyncio.to_thread(encode)
        metrics.done(request, decoded - began, time.perf_counter() - scored)
        response = Answer(content)
        if request.ignored:
            response.headers["x-fitprint-ignored"] = _listed(request.ignored)
        self.finish(response, scored - decoded)
        return response

    def refused(self, error: RequestError, request_id: str) -> Response:
        """Return the answer without predictions."""
        self.serving.metrics.faulty(error)
        content = self.protocol.error(error, request_id, self.serving.options.full_errors)
        return Answer(content, error.status, dict(error.headers))

    def finish(self, response: Response, seconds: float) -> None:
        """Add to an answer with predictions what the protocol tells of them.

        Args:
            response: The answer.
            seconds: How long the model took.
        """


def _request_id(scope: Scope) -> str:
    """Return the id that the client gave its request, if it can be written into a header again, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and 0 < len(value) <= LONGEST_ID:
            text: str = value.decode("latin-1")
            return text if text.isascii() and text.isprintable() else _new_id()
    return _new_id()


_ids = random.Random()
in_forked_child(_ids.seed)  # under a server that forks, each process has ids of its own


def _new_id() -> str:
    """Return an id in the form of a UUID. It names a request and protects nothing: the system is not asked for it."""
    digits = f"{_ids.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _content_type(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return str(value.decode("latin-1"))
    return None


def _listed(names: tuple[str, ...]) -> str:
    """Return names for a header, which holds ASCII and is of bounded length."""
    texts = [name.encode("unicode_escape").decode("ascii").replace(",", "\\x2c")[:100] or '""' for name in names[:20]]
    return ", ".join([*texts, *([f"... ({len(names)} in all)"] if len(names) > 20 else [])])
