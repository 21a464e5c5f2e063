"""How a package is served: the options of `fitprint serve`, which are also the variables ``FITPRINT_SERVE_*``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServeOptions:
    """The options that the app needs; those of the process (host, port, workers) belong to the command.

    Args:
        name: The model's name in the routes of Open Inference and KServe; None for the package's own.
        method: The method of the native model that answers requests without a method, such as ``predict_proba``.
        threads: How many requests are predicted at the same time; for more than one, the model must allow that.
        queue: How many requests may wait; the next one is answered with 503.
        timeout: Seconds after which a request is answered with 504.
        max_body: The largest body, in bytes; a request with a larger one is answered with 413.
        batch: The most rows that are predicted together; 0 if requests are predicted one by one.
        token: The token that a caller must send as ``Authorization: Bearer``; None if no token is needed.
        hosts: The host names that requests may name; None for every name.
        cors: The origins whose pages may send requests.
        full_errors: Whether error answers show the caller's values, and the traceback if the model raised an error.
        page: Whether there is a Test page.
        log_requests: The file that requests are written to; None for none.
        exit_after_abandoned: The number of abandoned threads from which on ``/livez`` answers with 503.
        health_routes: Further paths of the health check, such as that of Vertex AI.
        predict_routes: Further paths that take instances, as KServe V1 and Vertex AI send them.
    """

    name: str | None = None
    method: str | None = None
    threads: int = 1
    queue: int = 128
    timeout: float = 60.0
    max_body: int = 100_000_000
    batch: int = 0
    token: str | None = None
    hosts: tuple[str, ...] | None = None
    cors: tuple[str, ...] = ()
    full_errors: bool = False
    page: bool = True
    log_requests: str | None = None
    exit_after_abandoned: int = 1
    health_routes: tuple[str, ...] = ()
    predict_routes: tuple[str, ...] = ()
