"""The metrics of the server, for Prometheus.

Several worker processes count together where the supervisor has named a folder for it, in the variable that
prometheus-client reads when it is imported. What a package's own code counts with prometheus-client is then shown too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from fitprint.serving.score import Observer

if TYPE_CHECKING:
    from fitprint.serving.errors import RequestError
    from fitprint.serving.request import Request

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_LATEST
_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)
_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Metrics(Observer):
    """The metrics of one app, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "fitprint_requests",
            "Requests by protocol, method and status.",
            ("protocol", "method", "status"),
            registry=registry,
        )
        self._faults = Counter("fitprint_faults", "Why requests were refused.", ("kind",), registry=registry)
        self._rows = Counter("fitprint_rows", "Rows that were predicted.", registry=registry)
        self._dropped = Counter(
            "fitprint_dropped_columns",
            "Columns that were sent although the model does not have them.",
            registry=registry,
        )
        self._abandoned = Counter(
            "fitprint_abandoned_threads", "Threads in which the model did not end in time.", registry=registry
        )
        seconds = Histogram(
            "fitprint_seconds", "How long the parts of a request took.", ("stage",), registry=registry, buckets=_BUCKETS
        )
        self._decode, self._encode = seconds.labels("decode"), seconds.labels("encode")
        self._predict = seconds.labels("predict")
        self._together = Histogram(
            "fitprint_batch_requests", "Requests that were predicted together.", registry=registry, buckets=_COUNTS
        )
        self._hanging = 0

    def answered(self, protocol: str, method: str) -> Callable[[int], None]:
        """Return what counts the answers of one route by their status."""
        by_status: dict[int, Counter] = {}

        def count(status: int) -> None:
            counter = by_status.get(status)
            if counter is None:
                counter = by_status[status] = self._requests.labels(protocol, method, str(status))
            counter.inc()

        return count

    def done(self, request: Request, decoding: float, encoding: float) -> None:
        """Count a request that was answered with predictions."""
        self._decode.observe(decoding)
        self._encode.observe(encoding)
        if request.rows:
            self._rows.inc(request.rows)
        if request.ignored:
            self._dropped.inc(len(request.ignored))

    def faulty(self, error: RequestError) -> None:
        """Count why a request was answered without predictions, with every fault of its data."""
        if not error.faults:
            self._faults.labels(error.code.lower()).inc()
        for fault in error.faults:
            kind = f"{fault.got or 'nothing'} for {fault.expected}" if fault.expected else "other"
            self._faults.labels(kind).inc()

    def predicted(self, requests: int, rows: int, seconds: float) -> None:
        """Count one call of the model."""
        self._predict.observe(seconds)
        self._together.observe(requests)

    def abandoned(self, count: int) -> None:
        """Count a thread that was left behind."""
        if count > self._hanging:
            self._abandoned.inc(count - self._hanging)
        self._hanging = count

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it; of all worker processes, where there are several."""
        if not os.environ.get(FOLDER):
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
