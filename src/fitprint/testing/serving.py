"""Checks: over HTTP, a package answers with its predictions, and so do the packages of earlier releases.

A new package goes through the layers of serving, without a server: a request is decoded and scored, and its answer is
encoded. A golden one is asked through the app. Rows that JSON cannot hold, such as a framework's own data sets, cannot
be sent; then nothing is checked.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

import fitprint
from fitprint._core.guard import attempt
from fitprint.models.example import request_of
from fitprint.serving import extra
from fitprint.testing.bench import Bench
from fitprint.testing.case import DECLARED, Case, needs
from fitprint.testing.comparing import difference
from fitprint.testing.packages import expect_alike, goldens


class ServingChecks:
    """A package as `fitprint serve` serves it."""

    golden: ClassVar[Path | None] = None

    @needs("package", "predict", where_given=True)
    def test_served_rows_are_answered_as_predicted(self, bench: Bench, case: Case) -> None:
        """A request with the rows, decoded, scored and encoded, has the predictions of `fitprint.load_model`."""
        _skip_without_the_extra()
        trained, _, package = bench.package(case)
        rows = case.rows_of(trained.data)
        body = _body(rows)
        expected = fitprint.load_model(package).predict(rows)
        predictions, answer = asyncio.run(_through_the_layers(package, body))
        expect_alike(case, expected, predictions, "the package, served,")
        assert "predictions" in _strict(answer), f"the answer has no predictions: {answer!r:.300}"

    @needs("package", "predict", where_given=True)
    def test_golden_packages_are_served(self, bench: Bench, case: Case) -> None:
        """Packages that earlier releases wrote answer ``/invocations`` with what they predicted then."""
        _skip_without_the_extra()
        for golden in goldens(self.golden):
            if golden.case != case.name:
                continue
            body = _body(golden.rows)
            status, answer = asyncio.run(_through_the_app(golden.package, body))
            assert status == 200, f"{golden.package} is answered {status}: {answer!r:.1000}"
            predictions = _strict(answer)["predictions"]
            wrong = difference(_as_sent(golden.predicted), predictions, max(case.tolerance, 1e-6))
            assert wrong is None, f"{golden.package}, served, does not answer what it predicted, {wrong}"


def _skip_without_the_extra() -> None:
    told = extra.missing()
    if told is not None:
        pytest.skip(DECLARED + told)


def _body(rows: Any) -> bytes:
    """Return the body of a request with these rows."""
    could, request = attempt(request_of, rows)
    if not could:
        pytest.skip(f"{DECLARED}the rows cannot be sent as JSON: {request}")
    return json.dumps(request).encode("utf-8")


async def _through_the_layers(package: Path, body: bytes) -> tuple[Any, bytes]:
    from fitprint.serving import decode, encode
    from fitprint.serving.errors import RequestError
    from fitprint.serving.options import ServeOptions
    from fitprint.serving.score import Scorer
    from fitprint.serving.served import ServedModel

    model = ServedModel.load(package)
    scorer = Scorer(model, ServeOptions())
    try:
        predictions = await scorer.predict(decode.invocations(body, "application/json", model))
    except RequestError as error:
        faults = "; ".join(f"{fault.column}: {fault.message}" for fault in error.faults)
        pytest.fail(
            f"the rows are refused with the status {error.status}: {error.message} {faults}; look at the signature of "
            "the package, which data() and sample() of the flavor decide",
            pytrace=False,
        )
    finally:
        scorer.close()
    return predictions, encode.invocations(predictions)


async def _through_the_app(package: Path, body: bytes) -> tuple[int, bytes]:
    """Ask the app of a package as an ASGI server does; return the status and the body of the answer."""
    from fitprint.serving import app_of

    app = app_of(package, page=False)
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/invocations",
        "raw_path": b"/invocations",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await asyncio.sleep(3600)  # a client that stays
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    finally:
        app.state.serving.scorer.close()
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def _as_sent(predictions: Any) -> Any:
    """Return predictions as an answer has them."""
    from fitprint.serving import encode

    return _strict(encode.invocations(predictions))["predictions"]


def _strict(answer: bytes) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"the answer is no strict JSON: it has {name}")

    return json.loads(answer, parse_constant=refuse)
