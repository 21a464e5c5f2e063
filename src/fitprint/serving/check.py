"""`fitprint serve --check`: every example of the OpenAPI document, sent to a server over HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PROTOCOLS = (
    ("/invocations", "MLflow, SageMaker"),
    ("/score", "Azure ML"),
    ("/swagger.json", "Azure ML"),
    ("/v2", "Open Inference"),
    ("/v1/", "KServe V1, Vertex AI"),
    ("/livez", "Kubernetes"),
    ("/readyz", "Kubernetes"),
    ("/metrics", "Prometheus"),
    ("/openapi.json", "OpenAPI"),
)
_WAITS = 120.0
_LONGEST = 300


@dataclass(frozen=True)
class Sent:
    """One request, and how it was answered.

    Args:
        protocol: Who asks like this.
        method: The HTTP method.
        path: The path.
        what: What the body shows; empty for a GET.
        status: The status of the answer; 0 if there was none.
        reason: What a bad answer says; empty for a good one.
    """

    protocol: str
    method: str
    path: str
    what: str
    status: int
    reason: str

    @property
    def predicts(self) -> bool:
        """Whether the model had to predict for it."""
        return self.method == "POST"


def check(url: str, token: str | None = None) -> list[Sent]:
    """Send every example to a server.

    Args:
        url: Where the server is.
        token: The token that it asks for.

    Returns:
        The requests, in the order of the document.
    """
    headers = {"authorization": f"Bearer {token}"} if token is not None else {}
    status, body = _send(url, "GET", "/openapi.json", headers)
    if status != 200:
        return [Sent("OpenAPI", "GET", "/openapi.json", "", status, _reason(status, body))]
    return list(_all(url, json.loads(body), headers))


def _all(url: str, document: dict[str, Any], headers: dict[str, str]) -> Iterator[Sent]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if method == "get":
                yield _sent(url, "GET", path, "", headers)
            for kind, media in content.items():
                for name, example in media.get("examples", {}).items():
                    value = example["value"]
                    body = value if isinstance(value, str) and kind != "application/json" else json.dumps(value)
                    yield _sent(url, "POST", path, name, {**headers, "content-type": kind}, body.encode())


def _sent(url: str, method: str, path: str, what: str, headers: dict[str, str], body: bytes | None = None) -> Sent:
    status, answer = _send(url, method, path, headers, body)
    protocol = next((name for start, name in PROTOCOLS if path.startswith(start)), "MLflow")
    if path == "/":
        protocol = "Azure ML"
    return Sent(protocol, method, path, what, status, _reason(status, answer))


def _send(url: str, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, bytes]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=_WAITS)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, (str(error) or type(error).__name__).encode()
    finally:
        connection.close()


def _reason(status: int, body: bytes) -> str:
    """Return what a bad answer says, and what is wrong with a good status: that its JSON is none."""
    text = body.decode("utf-8", "replace")
    if status != 200:
        return text[:_LONGEST]
    if text[:1] in ("{", "["):
        try:
            json.loads(text, parse_constant=_refuse)
        except ValueError as error:
            return f"the answer is no strict JSON: {error}"
    return ""


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} in it")
